import { weeklyWindow } from '../time/windows.ts';
import { DAY, MINUTE, startOfDay } from '../time/zone.ts';
import { allowedUntil, earliestAllowed, earliestUnreachable } from './addressee.ts';
import {
  type CountsEvent,
  compileFilter,
  countedAt,
  earliestAfterGap,
  earliestUnder,
  leavesAt,
  NEVER,
  windowAt,
} from './caps.ts';
import {
  CONCERNS,
  type Concerns,
  concernsAccounts,
  concernsRequest,
  earliestFree,
  earliestInForce,
  earliestOutside,
  inForceUntil,
  nextOpening,
  nextStart,
  windowsOf,
} from './directives.ts';
import {
  type AccountStatus,
  type Channel,
  type ContactEvent,
  type ContactFacts,
  type DirectiveFacts,
  KIND_OF_CHANNEL,
  type Purpose,
} from './facts.ts';
import { earliestInHours, hoursEndAt } from './hours.ts';
import type { ObligationSpec, PackSpec, RuleSpec, Scope, When } from './policy.ts';

/** What a cap counted: `used` before this request, and the window in epoch milliseconds (see `Span`). */
export interface LimitState {
  readonly ruleId: string;
  readonly scope: Scope;
  readonly used: number;
  readonly max: number;
  readonly windowFrom: number;
  readonly windowTo: number;
  readonly countedIds: readonly string[];
  /** When a slot returns: at the cap, when a contact is possible again; below it, when the oldest contact leaves. */
  readonly resetsAt: number | null;
}

/**
 * A rule ready to be asked. `earliest` is the whole of it: the first instant at or after `ms` at which the rule lets
 * the contact happen if nothing else happens, so it permits at `ms` exactly when it returns `ms`; Infinity is never.
 */
export interface CompiledRule {
  readonly spec: RuleSpec;
  readonly pack: CompiledPack;
  readonly earliest: (facts: ContactFacts, ms: number) => number;
  /** First instant after `ms` at which the rule stops permitting; Infinity when time alone never makes it refuse. */
  readonly closes: (facts: ContactFacts, ms: number) => number;
  readonly limit: ((facts: ContactFacts, ms: number) => LimitState) | null;
}

export interface CompiledObligation {
  readonly spec: ObligationSpec;
  readonly pack: CompiledPack;
}

/** What of a pack applies to one kind of contact, in the order of the pack. */
export interface Applicable {
  readonly rules: readonly CompiledRule[];
  readonly obligations: readonly CompiledObligation[];
}

/** The instants after which a decision reads: contacts of the addressee and of the number, and of the debtor. */
export interface Since {
  readonly ms: number;
  readonly debtorMs: number;
}

export interface CompiledPack {
  readonly spec: PackSpec;
  /** `pack@version`, as it stands on every decision. */
  readonly id: string;
  readonly rules: readonly CompiledRule[];
  readonly obligations: readonly CompiledObligation[];
  readonly applicable: (facts: ContactFacts) => Applicable;
  /** From when on contacts can count at `ms` or later for such a contact, whoever is addressed. */
  readonly countsSince: (channel: Channel, purpose: Purpose, ms: number) => Since;
}

type Behaviour = Pick<CompiledRule, 'earliest'> & Partial<Pick<CompiledRule, 'closes' | 'limit'>>;

const always = () => NEVER;

/** Compiles one version of a pack; pure and done once, when the version is loaded. */
export function compilePack(spec: PackSpec): CompiledPack {
  const rules: CompiledRule[] = [];
  const obligations: CompiledObligation[] = [];
  const pack: CompiledPack = {
    spec,
    id: `${spec.pack}@${spec.version}`,
    rules,
    obligations,
    applicable: compileApplicable(rules, obligations),
    countsSince: compileSince(spec),
  };
  for (const rule of spec.rules)
    rules.push({ spec: rule, pack, closes: always, limit: null, ...behaviourOf(rule, spec) });
  for (const obligation of spec.obligations) obligations.push({ spec: obligation, pack });
  return pack;
}

function compileSince({ rules, zone }: PackSpec): CompiledPack['countsSince'] {
  const known = new Map<string, readonly RuleSpec[]>();
  return (channel, purpose, ms) => {
    const key = `${channel} ${purpose}`;
    let counting = known.get(key);
    if (counting === undefined) {
      counting = rules.filter(
        ({ kind, when: { channels, purposes } }) =>
          (kind === 'cap' || kind === 'gap' || kind === 'debtor_unreachable') &&
          channels?.includes(channel) !== false &&
          purposes?.includes(purpose) !== false,
      );
      known.set(key, counting);
    }
    const since = { ms, debtorMs: ms };
    for (const rule of counting) {
      // One millisecond earlier, because the first instant of a window counts and what is read comes after `since`.
      if (rule.kind === 'cap') since.ms = Math.min(since.ms, windowAt(rule.window, zone, ms).from - 1);
      else if (rule.kind === 'gap') since.ms = Math.min(since.ms, ms - rule.minutes * MINUTE);
      else if (rule.kind === 'debtor_unreachable')
        since.debtorMs = Math.min(since.debtorMs, ms - rule.lookbackDays * DAY - 1);
    }
    return since;
  };
}

/** `when` reads five closed lists only, so what applies is worked out once for each of their combinations. */
function compileApplicable(
  rules: readonly CompiledRule[],
  obligations: readonly CompiledObligation[],
): (facts: ContactFacts) => Applicable {
  const known = new Map<string, Applicable>();
  return (facts) => {
    const { channel, purpose, collectorKind, automated } = facts.request;
    const key = `${channel} ${purpose} ${collectorKind} ${automated} ${facts.party.role}`;
    let applicable = known.get(key);
    if (applicable === undefined) {
      const applies = ({ spec }: { spec: { when: When } }) => appliesTo(spec.when, facts);
      applicable = { rules: rules.filter(applies), obligations: obligations.filter(applies) };
      known.set(key, applicable);
    }
    return applicable;
  };
}

function appliesTo(when: When, { request, party }: ContactFacts): boolean {
  return (
    (when.channels?.includes(request.channel) ?? true) &&
    (when.purposes?.includes(request.purpose) ?? true) &&
    (when.roles?.includes(party.role) ?? true) &&
    (when.collectors?.includes(request.collectorKind) ?? true) &&
    (when.automated === undefined || when.automated === request.automated)
  );
}

function permitIf(test: (facts: ContactFacts) => boolean): Behaviour {
  return { earliest: (facts, ms) => (test(facts) ? ms : NEVER) };
}

function behaviourOf(rule: RuleSpec, pack: PackSpec): Behaviour {
  switch (rule.kind) {
    case 'hours':
      return hoursRule(rule, pack);
    case 'cap':
      return capRule(rule, pack);
    case 'gap': {
      const counts = compileFilter(rule.after);
      return { earliest: (facts, ms) => earliestAfterGap(counts, eventsOf(rule.scope, facts), rule.minutes, ms) };
    }
    case 'addressee':
      return {
        earliest: (facts, ms) => earliestAllowed(rule.allow, facts, ms),
        closes: (facts, ms) => allowedUntil(rule.allow, facts, ms),
      };
    case 'account_status':
      return permitIf((facts) => {
        const refused = facts.accounts.filter((account) => rule.refuse.includes(account.status)).length;
        return facts.accountsNamed ? refused === 0 : refused < facts.accounts.length;
      });
    case 'known_account':
      return permitIf((facts) => facts.accounts.length > 0);
    case 'overdue': {
      const refused = pack.rules.flatMap((other) => (other.kind === 'account_status' ? other.refuse : []));
      return { earliest: (facts, ms) => earliestOverdue(facts, refused, pack.zone, ms) };
    }
    case 'hold':
      return holdRule(rule.directive, CONCERNS[rule.about]);
    case 'opt_out':
      return holdRule(rule.directive, rule.directive === 'address_opt_out' ? namesContactPoint : namesChannel);
    case 'blocked_time':
      return {
        earliest: (facts, ms) =>
          facts.directives.length === 0 ? ms : earliestOutside(windowsOf('time_restriction', facts), ms),
        closes: (facts, ms) => nextOpening(windowsOf('time_restriction', facts), ms),
      };
    case 'blocked_place':
      return holdRule('place_restriction', (directive, facts) => {
        const place = facts.contactPoint?.place;
        return concernsRequest(directive, facts) && place != null && directive.places.includes(place);
      });
    case 'debtor_unreachable': {
      const unanswered = compileFilter(rule.unanswered);
      const reached = compileFilter(rule.reached);
      return { earliest: (facts, ms) => earliestUnreachable(facts, unanswered, reached, rule, pack.zone, ms) };
    }
    case 'vendor_notice':
      return needsRule('vendor_notice', ofCollector);
    case 'own_name':
      return permitIf(
        (facts) => facts.request.presentsAs === null || facts.request.presentsAs === facts.request.collectorId,
      );
    case 'contact_point':
      return permitIf((facts) => {
        const point = facts.contactPoint;
        if (point === null) return true;
        const kind = KIND_OF_CHANNEL[facts.request.channel];
        return (
          point.contactPointId !== null &&
          point.ofParty &&
          point.status === 'active' &&
          (kind === null || kind === point.kind)
        );
      });
    case 'wrong_number':
      return permitIf((facts) => (facts.contactPoint?.wrongSince ?? null) === null);
    case 'caller_number':
      return callerNumberRule(rule);
    case 'recording':
      return permitIf((facts) => facts.request.recording);
  }
}

/**
 * First instant at or after `ms` at which the accounts are past due: the day after the due date that was missed. All of
 * the accounts that are named; when none is, one of those whose status does not forbid to collect them.
 */
function earliestOverdue(facts: ContactFacts, refused: readonly AccountStatus[], zone: string, ms: number): number {
  const accounts = facts.accountsNamed
    ? facts.accounts
    : facts.accounts.filter(({ status }) => !refused.includes(status));
  if (accounts.length === 0) return ms;
  const since = accounts.map(({ pastDueDay }) => (pastDueDay === null ? NEVER : startOfDay(zone, pastDueDay + 1)));
  return Math.max(ms, facts.accountsNamed ? Math.max(...since) : Math.min(...since));
}

function eventsOf(scope: Scope, facts: ContactFacts): readonly ContactEvent[] {
  return scope === 'person' ? facts.events.person : facts.events.number;
}

function hoursRule(rule: Extract<RuleSpec, { kind: 'hours' }>, pack: PackSpec): Behaviour {
  const windows = rule.windows.map(weeklyWindow);
  const packZone = [pack.zone];
  const zonesOf = (facts: ContactFacts) => (rule.zone === 'pack' ? packZone : facts.zones);
  const hoursOf = (facts: ContactFacts) => ({ windows, agreed: rule.consent ? windowsOf('hours_consent', facts) : [] });
  return {
    earliest: (facts, ms) => earliestInHours(hoursOf(facts), zonesOf(facts), ms),
    closes: (facts, ms) => hoursEndAt(hoursOf(facts), zonesOf(facts), ms),
  };
}

function capRule(rule: Extract<RuleSpec, { kind: 'cap' }>, pack: PackSpec): Behaviour {
  const counts: CountsEvent = compileFilter(rule.count);
  const { window, max, scope } = rule;
  const earliest = (facts: ContactFacts, ms: number) =>
    earliestUnder(window, pack.zone, counts, eventsOf(scope, facts), max, ms);
  return {
    earliest,
    limit: (facts, ms) => {
      const counted = countedAt(window, pack.zone, counts, eventsOf(scope, facts), ms);
      const span = windowAt(window, pack.zone, ms);
      const oldest = counted[0];
      const returns =
        counted.length >= max ? earliest(facts, ms) : oldest ? leavesAt(window, pack.zone, oldest.at) : NEVER;
      return {
        ruleId: rule.id,
        scope,
        used: counted.length,
        max,
        windowFrom: span.from,
        windowTo: span.to,
        countedIds: counted.map((event) => event.id),
        resetsAt: returns === NEVER ? null : returns,
      };
    },
  };
}

function namesChannel(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.channel === facts.request.channel && concernsRequest(directive, facts);
}

function namesContactPoint(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.contactPointId !== null && concernsRequest(directive, facts);
}

function ofCollector(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.collectorId === facts.request.collectorId && concernsAccounts(directive, facts);
}

function holdRule(kind: DirectiveFacts['kind'], concerns: Concerns): Behaviour {
  return {
    earliest: (facts, ms) => earliestFree(kind, concerns, facts, ms),
    closes: (facts, ms) => nextStart(kind, concerns, facts, ms),
  };
}

function needsRule(kind: DirectiveFacts['kind'], concerns: Concerns): Behaviour {
  return {
    earliest: (facts, ms) => earliestInForce(kind, concerns, facts, ms),
    closes: (facts, ms) => inForceUntil(kind, concerns, facts, ms),
  };
}

function callerNumberRule(rule: Extract<RuleSpec, { kind: 'caller_number' }>): Behaviour {
  const registered = rule.registered.map((pattern) => new RegExp(`^(?:${pattern})$`));
  const privateLines = rule.privateLines.map((pattern) => new RegExp(`^(?:${pattern})$`));
  const approval = needsRule('private_line_approval', ofCollector);
  const isPrivate = (facts: ContactFacts) =>
    privateLines.some((pattern) => pattern.test(facts.request.callerNumber ?? ''));
  return {
    earliest: (facts, ms) => {
      const number = facts.request.callerNumber;
      if (number === null) return NEVER;
      if (isPrivate(facts)) return approval.earliest(facts, ms);
      return registered.some((pattern) => pattern.test(number)) ? ms : NEVER;
    },
    closes: (facts, ms) => (isPrivate(facts) ? approval.closes!(facts, ms) : NEVER),
  };
}
