// Says which route, pool and version a request gets, and why. It takes the same steps as serving does, and changes no state.

import { isIP } from 'node:net';
import { emptyDraft, refuse, response } from './explain-draft.ts';
import type { Draft, Explanation, ExplainQuestion } from './explain-draft.ts';
import { explainMirrors } from './explain-mirrors.ts';
import { explainRoute } from './explain-route.ts';
import { explainVersion, respondingShares } from './explain-version.ts';
import { hostOfAuthority } from './host.ts';
import { NO_REQUEST } from './passthrough.ts';
import { isAmbiguousPath } from './path.ts';
import { redirectLocation } from './redirect.ts';
import { rewriteTarget } from './rewrite.ts';
import type { RouteMatch } from './route-table.ts';
import type { Destination, PassthroughTable, Table } from './table.ts';

/** Asks the Table. On an unknown listener no route fits. */
export function explain(table: Table, question: ExplainQuestion): Explanation {
  const { request, listener } = question;
  const draft = emptyDraft();
  const passthrough = table.passthroughs.get(listener);
  if (passthrough !== undefined) return explainPassthrough(passthrough, draft, question);
  if (request.method === 'CONNECT') return explainConnect(draft, table, question);
  const matcher = table.matchers.get(listener);
  const isRefused = isAmbiguousPath(request.path);
  const routing = isRefused || matcher === undefined ? undefined : explainRoute(matcher, request);
  const found = routing?.found;
  if (isRefused)
    refuse(draft, 'bad_request', 400, `The path ${request.path} has dot segments or bytes that servers read differently; it is refused.`);
  else if (matcher === undefined) refuse(draft, 'no_route', 404, `There is no listener ${listener}.`);
  else if (found === undefined)
    refuse(draft, 'no_route', 404, `None of the ${matcher.candidates.length} matches on listener ${listener} fits.`);
  else {
    draft.steps.push(`Route ${found.route.name} (${routing?.match ?? ''}): ${routing?.reason ?? ''}.`);
    explainAction(draft, found, table.destinations[found.route.index], question);
  }
  const { considered = [], omitted = 0 } = routing ?? {};
  return explained(draft, question, { route: found?.route.name, match: found && routing?.match, considered, omitted });
}

type Routed = Pick<Explanation, 'route' | 'match' | 'considered' | 'omitted'>;

/** No route has it. */
const UNROUTED: Routed = { route: undefined, match: undefined, considered: [], omitted: 0 };

function explained({ closes: _, ...draft }: Draft, { request, listener }: ExplainQuestion, routed: Routed): Explanation {
  const { method, authority, path } = request;
  return { listener, method, authority, path, ...routed, ...draft };
}

/** Of a request such a listener sees no more than the name that its client asks for, where it speaks TLS. */
function explainPassthrough(passthrough: PassthroughTable, draft: Draft, question: ExplainQuestion): Explanation {
  const { request, listener } = question;
  const host = hostOfAuthority(request.authority);
  const name = !passthrough.isByName || isIP(host) > 0 || host.startsWith('[') ? '' : host;
  const lead = passthrough.find(name);
  const asked = name === '' ? 'a client that asks for no name' : `a client that asks for the name ${name}`;
  draft.closes = true;
  if (lead === undefined) refuse(draft, 'no_route', 404, `Listener ${listener} passes connections through, and ${asked} leads nowhere.`);
  else {
    const by = lead.name === '' ? '' : ` (as ${lead.name})`;
    draft.outcome = 'pool';
    draft.pool = lead.destination.pool.name;
    draft.steps.push(
      passthrough.isByName
        ? `Listener ${listener} passes connections through: ${asked} comes to pool ${draft.pool}${by === '' ? ' (otherwise)' : by}.`
        : `Listener ${listener} passes all connections through, to pool ${draft.pool}.`,
    );
    explainVersion(draft, lead.destination, { ...question, request: NO_REQUEST });
  }
  return explained(draft, question, UNROUTED);
}

/** No route has it: its listener says where it leads. */
function explainConnect(draft: Draft, table: Table, question: ExplainQuestion): Explanation {
  const { listener, request } = question;
  const connects = table.connects.get(listener);
  const destination = connects?.find(request.authority);
  if (connects === undefined) refuse(draft, 'not_implemented', 501, `Listener ${listener} allows no CONNECT.`);
  else if (destination === undefined)
    refuse(draft, 'authority_not_allowed', 403, `Listener ${listener} allows no CONNECT to ${request.authority}.`);
  else {
    draft.outcome = 'pool';
    draft.pool = destination.pool.name;
    draft.steps.push(`CONNECT to ${request.authority} opens a tunnel to an endpoint of pool ${destination.pool.name}.`);
    explainVersion(draft, destination, question);
  }
  return explained(draft, question, UNROUTED);
}

function explainAction(draft: Draft, found: RouteMatch, destination: Destination | undefined, question: ExplainQuestion): void {
  const { route } = found;
  if (route.redirect !== undefined) {
    draft.location = redirectLocation(route.redirect, question.request, found, question.scheme);
    response(draft, 'redirect', route.redirect.status, `It redirects to ${draft.location} with status ${route.redirect.status}.`);
  } else if (route.respond !== undefined) {
    response(draft, 'respond', route.respond.status, `Sluice itself responds with status ${route.respond.status}.`);
  } else if (destination !== undefined) {
    draft.outcome = 'pool';
    draft.pool = destination.pool.name;
    draft.target = rewriteTarget(found, question.request);
    if (route.rewritePath !== undefined) draft.steps.push(`The upstream sees the target ${draft.target}.`);
    const key = explainVersion(draft, destination, question);
    const responding = respondingShares(draft, destination);
    draft.mirrors = explainMirrors(destination.pool, { request: question.request, key, responding });
  }
}
