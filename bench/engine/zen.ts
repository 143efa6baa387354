import type { About, EventFilter, RuleSpec } from '../../src/rules/contact/policy.ts';
import { requireAny } from '../support/require.ts';
import { callerNumberFits, type Situation } from './situations.ts';

/** The part of @gorules/zen-engine that is used; its own types are not installed with the service. */
interface Zen {
  readonly ZenEngine: new () => {
    createDecision: (content: object) => {
      evaluate: (context: object) => Promise<{ result: Record<string, boolean> }>;
    };
  };
}

// China has one offset and no summer time, so the local day is plain arithmetic: what costs this engine least.
const OFFSET = 8 * 3_600_000;
const MIDNIGHT = `at - (at + ${OFFSET}) % 86400000`;
const list = (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(', ')}]`;
const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const OF_ACCOUNTS = '(d.accountId == null or some(accounts as a, a.accountId == d.accountId))';
const CONCERNS: Record<About, string> = {
  customer: 'true',
  accounts: OF_ACCOUNTS,
  party: `(d.partyId == party.partyId or (d.partyId == null and party.role == 'debtor')) and ${OF_ACCOUNTS}`,
  addressee: `(d.partyId == null or d.partyId == party.partyId) and ${OF_ACCOUNTS}`,
};
const OF_REQUEST = `${CONCERNS.addressee} and (d.contactPointId == null or d.contactPointId == contactPoint.contactPointId) and (d.channel == null or d.channel == request.channel)`;

function inForce(kind: string, concerns: string): string {
  return `some(directives as d, d.kind == '${kind}' and d.from <= at and (d.until == null or d.until > at) and ${concerns})`;
}

function counted(scope: string, { channels, outcomes, directions }: EventFilter, since: string): string {
  return `count(events.${scope} as e, e.at ${since} and e.channel in ${list(channels)} and e.outcome in ${list([...outcomes, 'pending'])} and e.direction in ${list(directions)})`;
}

/** When a rule refuses a call to a debtor, as an expression; consents and unwanted times do not occur in the situations. */
function refuses(rule: RuleSpec): string {
  switch (rule.kind) {
    case 'known_account':
      return 'len(accounts) == 0';
    case 'overdue':
      return `some(accounts as a, a.pastDueDay == null or (a.pastDueDay + 1) * 86400000 - ${OFFSET} > at)`;
    case 'account_status':
      return `some(accounts as a, a.status in ${list(rule.refuse)})`;
    case 'hold':
      return inForce(rule.directive, CONCERNS[rule.about]);
    case 'addressee':
      return `not (${rule.allow
        .filter(({ needs }) => needs === undefined)
        .map(({ roles, purposes }) => `(party.role in ${list(roles)} and request.purpose in ${list(purposes)})`)
        .join(' or ')})`;
    case 'vendor_notice':
      return `not ${inForce('vendor_notice', `d.collectorId == request.collectorId and ${OF_ACCOUNTS}`)}`;
    case 'own_name':
      return 'request.presentsAs != null and request.presentsAs != request.collectorId';
    case 'opt_out':
      return inForce(
        rule.directive,
        `${rule.directive === 'address_opt_out' ? 'd.contactPointId != null' : 'd.channel == request.channel'} and ${OF_REQUEST}`,
      );
    case 'contact_point':
      return `contactPoint != null and not (contactPoint.contactPointId != null and contactPoint.ofParty and contactPoint.status == 'active' and contactPoint.kind == 'phone')`;
    case 'wrong_number':
      return 'contactPoint != null and contactPoint.wrongSince != null';
    case 'caller_number':
      return 'not callerNumberFits';
    case 'recording':
      return 'not request.recording';
    case 'hours': {
      const [window] = rule.windows;
      return `(at + ${OFFSET}) % 86400000 < ${minutes(window!.from) * 60_000} or (at + ${OFFSET}) % 86400000 >= ${minutes(window!.to) * 60_000}`;
    }
    case 'blocked_time':
      return inForce('time_restriction', OF_REQUEST);
    case 'blocked_place':
      return inForce('place_restriction', `contactPoint.place in d.places and ${OF_REQUEST}`);
    case 'cap':
      return `${counted(rule.scope, rule.count, rule.window.kind === 'rolling' ? `> at - ${rule.window.minutes * 60_000}` : `>= ${MIDNIGHT}`)} >= ${rule.max}`;
    case 'gap':
      return `${counted(rule.scope, rule.after, `> at - ${rule.minutes * 60_000}`)} > 0`;
    case 'plan_in_force':
      return `some(accounts as a, a.plan != null and a.plan.status in ['agreed', 'active'])`;
    default:
      throw new Error(`${rule.kind} is no rule about calls to a debtor in China`);
  }
}

/** A decision of one expression node with an expression for each rule; answers the ids of the rules that refuse. */
export function zenEngine(rules: readonly RuleSpec[]): (situation: Situation) => Promise<string[]> {
  const { ZenEngine } = requireAny<Zen>('@gorules/zen-engine');
  const expressions = rules.map((rule, index) => ({ id: `e${index}`, key: `r${index}`, value: refuses(rule) }));
  const decision = new ZenEngine().createDecision({
    nodes: [
      { id: 'in', name: 'in', type: 'inputNode', position: { x: 0, y: 0 }, content: {} },
      { id: 'rules', name: 'rules', type: 'expressionNode', position: { x: 1, y: 0 }, content: { expressions } },
      { id: 'out', name: 'out', type: 'outputNode', position: { x: 2, y: 0 }, content: {} },
    ],
    edges: [
      { id: 'a', type: 'edge', sourceId: 'in', targetId: 'rules' },
      { id: 'b', type: 'edge', sourceId: 'rules', targetId: 'out' },
    ],
  });
  const fits = callerNumberFits(rules);
  return async ({ at, facts }) => {
    const { result } = await decision.evaluate({ at, callerNumberFits: fits(facts), ...facts });
    return rules.filter((_, index) => result[`r${index}`]).map(({ id }) => id);
  };
}
