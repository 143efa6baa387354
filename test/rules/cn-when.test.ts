import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { OUTCOMES } from '../../src/rules/contact/facts.ts';
import { HOUR, MINUTE } from '../../src/rules/time/zone.ts';
import { cn, contact, events, facts, timed } from './builders.ts';
import { ask, on, pack, permitted } from './cn-pack.ts';

describe('hours', () => {
  const times: [string, boolean, string][] = [
    ['07:59:59', false, '2026-11-23T08:00:00'],
    ['07:59:59.999', false, '2026-11-23T08:00:00'],
    ['08:00:00', true, '2026-11-23T08:00:00'],
    ['21:59:59', true, '2026-11-23T21:59:59'],
    ['22:00:00', false, '2026-11-24T08:00:00'],
    ['23:59:59', false, '2026-11-24T08:00:00'],
  ];
  it.each(
    (['voice', 'sms', 'im', 'email', 'visit'] as const).flatMap((channel) =>
      times.map((row) => [channel, ...row] as const),
    ),
  )('%s at %s: permitted is %s, next at %s', (channel, time, expected, next) => {
    const answer = ask(on(channel), `2026-11-23T${time}`);
    expect(answer).toEqual({ refused: expected ? [] : ['cn.hours'], next });
  });

  it.each(['letter', 'portal'] as const)('do not bind a %s', (channel) => {
    expect(permitted(on(channel), '2026-11-23T03:00:00')).toBe(true);
  });

  it.each([
    ['the last day of a year', '2026-12-31T22:00:00', '2027-01-01T08:00:00'],
    ['the last day of a month', '2026-11-30T23:00:00', '2026-12-01T08:00:00'],
    ['28 February of a common year', '2027-02-28T22:00:00', '2027-03-01T08:00:00'],
    ['28 February of a leap year', '2028-02-28T22:00:00', '2028-02-29T08:00:00'],
    ['the leap day', '2028-02-29T22:00:00', '2028-03-01T08:00:00'],
  ])('open the next morning after %s', (_, at, next) => expect(ask(facts(), at).next).toBe(next));

  it('are those of China wherever the person lives', () => {
    expect(permitted(facts({ zones: ['America/New_York'] }), '2026-11-23T10:00:00')).toBe(true);
    expect(permitted(facts({ zones: [] }), '2026-11-23T10:00:00')).toBe(true);
  });

  it('close at 22:00', () => {
    expect(evaluate([pack], facts(), cn('2026-11-23T21:59:00')).closesAt).toBe(cn('2026-11-23T22:00:00'));
  });
});

describe('consent to other hours', () => {
  const monday = [{ days: ['mon' as const], from: '22:00', to: '23:00' }];
  const late = '2026-11-23T22:30:00';
  it.each([
    ['opens its window', {}, true],
    ['not before it starts', { from: cn('2026-11-23T22:30:00.001') }, false],
    ['not at its end', { from: 0, until: cn(late) }, false],
    ['up to its end', { from: 0, until: cn(late) + 1 }, true],
    ['not for another channel', { channel: 'sms' as const }, false],
    ['not for another person', { partyId: 'other' }, false],
    ['not for another number', { contactPointId: 'm2' }, false],
    ['for the account it names', { accountId: 'A1' }, true],
    ['not for another account', { accountId: 'A2' }, false],
  ])('%s', (_, given, expected) => {
    expect(permitted(facts({ directives: [timed('hours_consent', monday, given)] }), late)).toBe(expected);
  });

  it('opens nothing beside its window', () => {
    const known = facts({ directives: [timed('hours_consent', monday)] });
    expect(ask(known, '2026-11-23T23:00:00')).toEqual({ refused: ['cn.hours'], next: '2026-11-24T08:00:00' });
    expect(ask(known, '2026-11-29T23:30:00').next).toBe('2026-11-30T08:00:00');
    expect(evaluate([pack], known, cn('2026-11-23T21:00:00')).closesAt).toBe(cn('2026-11-23T23:00:00'));
  });
});

describe('unanswered calls to one number in a day', () => {
  const calls = (count: number, outcome: 'no_answer' | 'pending' = 'no_answer') =>
    Array.from({ length: count }, (_, n) => contact(cn('2026-11-23T08:00:00') + n * HOUR, outcome));

  it('may be six, not seven', () => {
    expect(permitted(facts({ events: events(calls(5)) }), '2026-11-23T20:00:00')).toBe(true);
    const answer = ask(facts({ events: events(calls(6)) }), '2026-11-23T20:00:00');
    expect(answer).toEqual({ refused: ['cn.calls.unanswered-per-number-day'], next: '2026-11-24T08:00:00' });
  });

  it('start anew at midnight', () => {
    const yesterday = calls(6).map((call) => ({ ...call, at: call.at + 10 * HOUR + 59 * MINUTE }));
    expect(yesterday[5]!.at).toBe(cn('2026-11-23T23:59:00'));
    expect(permitted(facts({ events: events(yesterday) }), '2026-11-24T08:00:00')).toBe(true);
  });

  it('count for that number only, whoever it belongs to', () => {
    expect(permitted(facts({ events: { person: calls(6) } }), '2026-11-23T20:00:00')).toBe(true);
    expect(permitted(facts({ events: { number: calls(6) } }), '2026-11-23T20:00:00')).toBe(false);
  });

  it('include reservations that nobody has reported', () => {
    const answer = ask(facts({ events: { number: calls(6, 'pending') } }), '2026-11-23T20:00:00');
    expect(answer.refused).toEqual(['cn.calls.unanswered-per-number-day']);
  });
});

describe('connected calls with one debtor in a day', () => {
  const calls = (count: number) =>
    ['vendor-1', 'vendor-2', 'bank']
      .slice(0, count)
      .map((collectorId, n) => contact(cn('2026-11-23T09:00:00') + n * 2 * HOUR, 'conversation', { collectorId }));

  it('may be three over the bank and all vendors, not four', () => {
    expect(permitted(facts({ events: { person: calls(2) } }), '2026-11-23T20:00:00')).toBe(true);
    const answer = ask(facts({ events: { person: calls(3) } }), '2026-11-23T20:00:00');
    expect(answer).toEqual({ refused: ['cn.calls.connected-per-debtor-day'], next: '2026-11-24T08:00:00' });
  });

  it('follow the person over all numbers', () => {
    expect(permitted(facts({ events: { number: calls(3) } }), '2026-11-23T20:00:00')).toBe(true);
  });

  it('do not include calls of the debtor to the bank', () => {
    const inbound = calls(3).map((call) => ({ ...call, direction: 'inbound' as const }));
    expect(permitted(facts({ events: events(inbound) }), '2026-11-23T20:00:00')).toBe(true);
  });
});

describe('each outcome of a call', () => {
  const unanswered = ['placed', 'no_answer', 'busy', 'not_in_service', 'voicemail', 'refused', 'pending'];
  const connected = [
    'placed',
    'answered',
    'conversation',
    'limited_message',
    'third_party_answered',
    'refused',
    'pending',
  ];
  const sms = ['delivered', 'undelivered'];

  it.each(OUTCOMES)('%s counts where it belongs', (outcome) => {
    const known = facts({ events: events([contact(cn('2026-11-23T09:00:00'), outcome)]) });
    const { limits } = evaluate([pack], known, cn('2026-11-23T09:45:00'));
    const caps = limits.filter(({ ruleId }) => ruleId.startsWith('cn.calls.'));
    const used = Object.fromEntries(caps.map((limit) => [limit.ruleId, limit.used]));
    expect(used).toEqual({
      'cn.calls.unanswered-per-number-day': unanswered.includes(outcome) ? 1 : 0,
      'cn.calls.connected-per-debtor-day': connected.includes(outcome) ? 1 : 0,
      'cn.calls.per-number-hour': sms.includes(outcome) ? 0 : 1,
    });
  });
});

describe('calls in a row', () => {
  it('may be two in an hour to one number; the third waits until the first is an hour old', () => {
    const calls = [contact(cn('2026-11-23T10:00:00')), contact(cn('2026-11-23T10:20:00'))];
    const known = facts({ events: { number: calls } });
    expect(ask(known, '2026-11-23T10:59:59.999')).toEqual({
      refused: ['cn.calls.per-number-hour'],
      next: '2026-11-23T11:00:00',
    });
    expect(permitted(known, '2026-11-23T11:00:00')).toBe(true);
  });

  it.each([
    ['number', ['cn.calls.gap-number']],
    ['person', ['cn.calls.gap-person']],
  ])('are half an hour apart for one %s', (list, refused) => {
    const known = facts({ events: { [list]: [contact(cn('2026-11-23T10:00:00'), 'conversation')] } });
    expect(ask(known, '2026-11-23T10:29:59.999')).toEqual({ refused, next: '2026-11-23T10:30:00' });
    expect(permitted(known, '2026-11-23T10:30:00')).toBe(true);
  });

  it('wait for the morning when the half hour ends at night', () => {
    const known = facts({ events: events([contact(cn('2026-11-23T21:45:00'))]) });
    expect(ask(known, '2026-11-23T21:59:00').next).toBe('2026-11-24T08:00:00');
  });
});

describe('text messages', () => {
  const sent = (...wallTimes: string[]) => wallTimes.map((time) => contact(cn(time), 'delivered', { channel: 'sms' }));

  it('may be two a day to one person, and to one number', () => {
    const two = sent('2026-11-23T08:00:00', '2026-11-23T08:01:00');
    expect(permitted(on('sms', { events: events(two.slice(1)) }))).toBe(true);
    expect(ask(on('sms', { events: { person: two } }))).toEqual({
      refused: ['cn.sms.person-day'],
      next: '2026-11-24T08:00:00',
    });
    expect(ask(on('sms', { events: { number: two } }))).toEqual({
      refused: ['cn.sms.number-day'],
      next: '2026-11-24T08:00:00',
    });
  });

  it('may be five in seven days, today included', () => {
    const days = ['17', '18', '19', '20', '21'].map((day) => `2026-11-${day}T10:00:00`);
    expect(ask(on('sms', { events: { person: sent(...days) } }))).toEqual({
      refused: ['cn.sms.person-week'],
      next: '2026-11-24T08:00:00',
    });
    expect(permitted(on('sms', { events: { person: sent('2026-11-16T23:59:59', ...days.slice(1)) } }))).toBe(true);
  });

  it('that did not arrive, and calls, do not count', () => {
    const others = [
      contact(cn('2026-11-23T08:00:00'), 'undelivered', { channel: 'sms' }),
      contact(cn('2026-11-23T08:00:00')),
    ];
    expect(permitted(on('sms', { events: events([...others, ...others]) }))).toBe(true);
  });
});

describe('what has to be read', () => {
  const noon = cn('2026-11-23T12:00:00');
  const midnight = cn('2026-11-23T00:00:00');

  it.each([
    ['voice', 'collect', midnight - 1, noon],
    ['voice', 'locate', cn('2026-10-24T12:00:00'), cn('2026-10-24T12:00:00') - 1],
    ['sms', 'collect', cn('2026-11-17T00:00:00') - 1, noon],
    ['letter', 'collect', noon, noon],
  ] as const)(
    '%s, %s: what is after these instants, the first of the longest window included',
    (channel, purpose, ms, debtorMs) => {
      expect(pack.countsSince({ channel, purpose, carrier: null, debtor: purpose !== 'locate' }, noon)).toEqual({
        ms,
        debtorMs,
      });
    },
  );

  it('reaches into yesterday just after midnight, where the last hour counts', () => {
    const early = cn('2026-11-23T00:30:00');
    expect(pack.countsSince({ channel: 'voice', purpose: 'collect', carrier: null, debtor: true }, early).ms).toBe(
      early - HOUR - 1,
    );
  });
});
