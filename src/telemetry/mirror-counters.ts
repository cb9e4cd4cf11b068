// What a worker counts of one mirror.

import { Cells } from './counter-cells.ts';
import * as at from './counter-layout.ts';

/** Of the copies that one mirror sends to one version. */
export class MirrorCounters extends Cells {
  began(): void {
    this.cells[this.first + at.MIRROR_IN_FLIGHT]!++;
  }

  /** One that had begun. @param outcome position in `MIRROR_OUTCOMES` */
  ended(outcome: number): void {
    this.cells[this.first + at.MIRROR_IN_FLIGHT]!--;
    this.cells[this.first + at.MIRROR_OUTCOME + outcome]!++;
  }

  /** One that never began. @param outcome position in `MIRROR_OUTCOMES` */
  dropped(outcome: number): void {
    this.cells[this.first + at.MIRROR_OUTCOME + outcome]!++;
  }

  opened(): void {
    this.cells[this.first + at.MIRROR_CONNECTIONS]!++;
  }

  closed(): void {
    this.cells[this.first + at.MIRROR_CONNECTIONS]!--;
  }

  /** There was no room for responses that were to be compared. */
  uncompared(): void {
    this.cells[this.first + at.MIRROR_UNCOMPARED]!++;
  }

  /** @param breakers more, or fewer, that hold copies back */
  pauses(breakers: number): void {
    this.cells[this.first + at.MIRROR_PAUSED]! += breakers;
  }

  /** @param bytes more, or fewer, that wait for the shadow */
  waits(bytes: number): void {
    this.cells[this.first + at.MIRROR_WAITING]! += bytes;
  }
}
