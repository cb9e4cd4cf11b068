// What is left to the workers to halt a canary by, of one rollout: kept in step with what the judge has seen. It decides nothing.

import type { Arming, Trip, TripCount, Tripwire } from '../rollout/tripwire.ts';
import { CLIENT_ERRORS, ERRORS, GAVE_UP, SLOW_P99 } from '../telemetry/evidence-layout.ts';
import { baselineEvents, canaryEvents, MAX_TRIPWIRES } from '../telemetry/evidence-trips.ts';
import type { TripWriter, Wire } from '../telemetry/evidence-trips.ts';

const CELLS: Readonly<Record<TripCount, number>> = {
  errors: ERRORS,
  slow: SLOW_P99,
  'gave-up': GAVE_UP,
  'client-errors': CLIENT_ERRORS,
};

/** Where the workers count. */
export interface TripPlace {
  /** Position among all segments. */
  readonly at: number;
  readonly number: number;
  readonly share: number;
  readonly cells: Float64Array;
}

interface Known {
  readonly canary: number;
  readonly baseline: number;
}

interface Looked {
  readonly place: TripPlace;
  readonly counts: Readonly<Record<TripCount, Known>>;
}

const NOTHING: Known = { canary: 0, baseline: 0 };

export class RolloutTrips {
  readonly #writer: TripWriter;
  #arming: Arming | undefined = undefined;
  /** Of the place at the last look, and at the one that was judged. */
  #looked: Looked | undefined = undefined;
  #judged: Looked | undefined = undefined;
  /** What is armed. */
  #armed: { readonly segment: number; readonly wires: readonly Tripwire[] } = { segment: 0, wires: [] };
  #written = '';
  #told = false;

  constructor(writer: TripWriter) {
    this.#writer = writer;
  }

  /** Reads with `look` what the judge gets, so that what is counted meanwhile is taken for the judge's of the canary and not of the baseline. */
  looking<T>(place: TripPlace | undefined, look: () => T): T {
    this.#told = this.#writer.halted;
    if (place === undefined) return look();
    const baseline = eachCount((cell) => baselineEvents(place.cells, place.at, cell));
    const seen = look();
    const canary = eachCount((cell) => canaryEvents(place.cells, place.at, cell));
    const known = (counts: TripCount): Known => ({ canary: canary[counts], baseline: baseline[counts] });
    this.#looked = {
      place,
      counts: { errors: known('errors'), slow: known('slow'), 'gave-up': known('gave-up'), 'client-errors': known('client-errors') },
    };
    return seen;
  }

  /** Undefined while no worker has halted the canary. */
  get tripped(): Trip | undefined {
    const found = this.#writer.tripped;
    const wire = found && this.#armed.wires[found.wire];
    if (found === undefined || wire === undefined) return undefined;
    const { check, chances, table } = wire;
    return { check, segment: this.#armed.segment, chances, ours: table[found.theirs]!, theirs: found.theirs };
  }

  /** False: a worker has halted the canary since the last look; look again. */
  arm(arming: Arming | undefined, place: TripPlace | undefined): boolean {
    this.#arming = arming;
    this.#judged = this.#looked;
    return this.move(place);
  }

  /** The workers are to count in another place. */
  move(place: TripPlace | undefined): boolean {
    if (this.#writer.halted) return this.#told;
    const arming = this.#arming;
    const isCounted = arming !== undefined && place !== undefined && place.number >= arming.from;
    const wires = isCounted ? arming.wires(place.share).slice(0, MAX_TRIPWIRES) : [];
    const written = wires.map((wire): Wire => {
      const { canary, baseline } = this.#knownOf(place!, wire.counts);
      return { cell: CELLS[wire.counts], canaryKnown: canary, baselineKnown: baseline, table: wire.table };
    });
    const all = JSON.stringify([place?.at, written]);
    if (all === this.#written) return true;
    if (!this.#writer.arm(place?.at ?? 0, written)) return false;
    this.#written = all;
    this.#armed = { segment: place?.number ?? 0, wires };
    return true;
  }

  halt(): void {
    this.#writer.halt();
  }

  lift(): void {
    this.#writer.lift();
    this.#written = '';
    this.#arming = undefined;
  }

  /** A place that came since the last look has nothing that is known. */
  #knownOf(place: TripPlace, counts: TripCount): Known {
    const known = this.#judged;
    if (known === undefined || known.place.cells !== place.cells) return NOTHING;
    const { canary, baseline } = known.counts[counts];
    return { canary: known.place.at === place.at ? canary : 0, baseline };
  }
}

function eachCount(of: (cell: number) => number): Readonly<Record<TripCount, number>> {
  return {
    errors: of(CELLS.errors),
    slow: of(CELLS.slow),
    'gave-up': of(CELLS['gave-up']),
    'client-errors': of(CELLS['client-errors']),
  };
}
