import type { ContactEvent, ContactFacts, DirectiveFacts } from '../../src/rules/contact/facts.ts';
import type { About, EventFilter, RuleSpec } from '../../src/rules/contact/policy.ts';
import { requireAny } from '../support/require.ts';
import { callerNumberFits, type Situation } from './situations.ts';

interface Almanac {
  factValue: <T>(fact: string) => Promise<T>;
}
type Condition = {
  readonly fact: string;
  readonly operator: string;
  readonly value: unknown;
  readonly params?: object;
};

/** The part of json-rules-engine that is used; its own types are not installed with the service. */
interface JsonRules {
  readonly Engine: new () => {
    addRule: (rule: { conditions: { any: readonly Condition[] }; event: { type: string } }) => void;
    addFact: <P>(name: string, value: (params: P, almanac: Almanac) => Promise<unknown>) => void;
    run: (facts: object) => Promise<{ events: readonly { type: string }[] }>;
  };
}

const OFFSET = 8 * 3_600_000;
const DAY_MS = 86_400_000;
const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

interface CountParams {
  readonly scope: 'person' | 'number';
  readonly filter: EventFilter;
  /** Minutes back; since midnight when left out. */
  readonly minutes?: number;
}

function count({ scope, filter, minutes }: CountParams, events: ContactFacts['events'], at: number): number {
  const from = minutes === undefined ? at - ((at + OFFSET) % DAY_MS) : at - minutes * 60_000 + 1;
  const counts = (event: ContactEvent) =>
    event.at >= from &&
    filter.channels.includes(event.channel) &&
    filter.directions.includes(event.direction) &&
    (event.outcome === 'pending' || filter.outcomes.includes(event.outcome));
  return events[scope].filter(counts).length;
}

interface DirectiveParams {
  readonly kind: DirectiveFacts['kind'];
  readonly about: About | 'collector' | 'channel' | 'number' | 'place' | 'request';
}

function concerns(
  { about }: DirectiveParams,
  directive: DirectiveFacts,
  { party, request, contactPoint, accounts }: ContactFacts,
): boolean {
  if (about === 'customer') return true;
  if (directive.accountId !== null && !accounts.some(({ accountId }) => accountId === directive.accountId))
    return false;
  const { partyId, channel } = directive;
  if (about === 'accounts') return true;
  if (about === 'collector') return directive.collectorId === request.collectorId;
  if (about === 'party') return partyId === party.partyId || (partyId === null && party.role === 'debtor');
  if (partyId !== null && partyId !== party.partyId) return false;
  if (about === 'addressee') return true;
  if (directive.contactPointId !== null && directive.contactPointId !== contactPoint?.contactPointId) return false;
  if (channel !== null && channel !== request.channel) return false;
  if (about === 'channel') return channel !== null;
  if (about === 'number') return directive.contactPointId !== null;
  return about === 'request' || (contactPoint?.place != null && directive.places.includes(contactPoint.place));
}

const inForce = (kind: DirectiveParams['kind'], about: DirectiveParams['about'], value = true): Condition => ({
  fact: 'inForce',
  params: { kind, about },
  operator: 'equal',
  value,
});
const holds = (fact: string, value = true): Condition => ({ fact, operator: 'equal', value });

/** The conditions, any of which makes a rule refuse a call to a debtor; consents and unwanted times do not occur. */
function refuses(rule: RuleSpec): readonly Condition[] {
  switch (rule.kind) {
    case 'known_account':
      return [{ fact: 'accountCount', operator: 'equal', value: 0 }];
    case 'overdue':
      return [holds('overdue', false)];
    case 'account_status':
      return rule.refuse.map((status) => ({ fact: 'accountStatuses', operator: 'contains', value: status }));
    case 'hold':
      return [inForce(rule.directive, rule.about)];
    case 'addressee':
      return [
        {
          fact: 'roleAndPurpose',
          operator: 'notIn',
          value: rule.allow
            .filter(({ needs }) => needs === undefined)
            .flatMap(({ roles, purposes }) => roles.flatMap((role) => purposes.map((purpose) => `${role} ${purpose}`))),
        },
      ];
    case 'vendor_notice':
      return [inForce('vendor_notice', 'collector', false)];
    case 'own_name':
      return [holds('inOwnName', false)];
    case 'opt_out':
      return [inForce(rule.directive, rule.directive === 'address_opt_out' ? 'number' : 'channel')];
    case 'contact_point':
      return [holds('contactPointFits', false)];
    case 'wrong_number':
      return [holds('wrongNumber')];
    case 'caller_number':
      return [holds('callerNumberFits', false)];
    case 'recording':
      return [holds('recording', false)];
    case 'hours':
      return [
        { fact: 'localMinute', operator: 'lessThan', value: minuteOf(rule.windows[0]!.from) },
        { fact: 'localMinute', operator: 'greaterThanInclusive', value: minuteOf(rule.windows[0]!.to) },
      ];
    case 'blocked_time':
      return [inForce('time_restriction', 'request')];
    case 'blocked_place':
      return [inForce('place_restriction', 'place')];
    case 'cap':
      return [
        {
          fact: 'count',
          params: {
            scope: rule.scope,
            filter: rule.count,
            ...(rule.window.kind === 'rolling' ? { minutes: rule.window.minutes } : {}),
          },
          operator: 'greaterThanInclusive',
          value: rule.max,
        },
      ];
    case 'gap':
      return [
        {
          fact: 'count',
          params: { scope: rule.scope, filter: rule.after, minutes: rule.minutes },
          operator: 'greaterThan',
          value: 0,
        },
      ];
    case 'plan_in_force':
      return [holds('planInForce')];
    default:
      throw new Error(`${rule.kind} is no rule about calls to a debtor in China`);
  }
}

/** One rule for each of ours over facts that count from the same raw events; answers the ids of the rules that refuse. */
export function jsonRulesEngine(rules: readonly RuleSpec[]): (situation: Situation) => Promise<string[]> {
  const { Engine } = requireAny<JsonRules>('json-rules-engine');
  const engine = new Engine();
  for (const rule of rules) engine.addRule({ conditions: { any: refuses(rule) }, event: { type: rule.id } });
  engine.addFact<CountParams>('count', async (params, almanac) => {
    const [facts, at] = await Promise.all([almanac.factValue<ContactFacts>('facts'), almanac.factValue<number>('at')]);
    return count(params, facts.events, at);
  });
  engine.addFact<DirectiveParams>('inForce', async (params, almanac) => {
    const [facts, at] = await Promise.all([almanac.factValue<ContactFacts>('facts'), almanac.factValue<number>('at')]);
    return facts.directives.some(
      (one) =>
        one.kind === params.kind &&
        one.from <= at &&
        (one.until === null || one.until > at) &&
        concerns(params, one, facts),
    );
  });
  const fits = callerNumberFits(rules);
  return async ({ at, facts }) => {
    const { request, party, contactPoint: point, accounts } = facts;
    const { events } = await engine.run({
      at,
      facts,
      localMinute: Math.floor(((at + OFFSET) % DAY_MS) / 60_000),
      accountCount: accounts.length,
      overdue: accounts.every(({ pastDueDay }) => pastDueDay !== null && (pastDueDay + 1) * DAY_MS - OFFSET <= at),
      accountStatuses: accounts.map(({ status }) => status),
      planInForce: accounts.some(({ plan }) => plan?.status === 'agreed' || plan?.status === 'active'),
      roleAndPurpose: `${party.role} ${request.purpose}`,
      inOwnName: request.presentsAs === null || request.presentsAs === request.collectorId,
      contactPointFits:
        point === null ||
        (point.contactPointId !== null && point.ofParty && point.status === 'active' && point.kind === 'phone'),
      wrongNumber: point !== null && point.wrongSince !== null,
      callerNumberFits: fits(facts),
      recording: request.recording,
    });
    const refused = new Set(events.map(({ type }) => type));
    return rules.filter(({ id }) => refused.has(id)).map(({ id }) => id);
  };
}
