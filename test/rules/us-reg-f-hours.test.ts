import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { Channel, ContactFacts, Purpose, Role } from '../../src/rules/contact/facts.ts';
import { directive, ms } from './builders.ts';
import type { Given } from './shipped.ts';
import { consumer, pack, to } from './us-reg-f.ts';

const { at, ask, contact, timed } = consumer;

function by(channel: Channel, given: Given & { purpose?: Purpose; role?: Role } = {}): ContactFacts {
  const { purpose = 'collect', role = 'debtor', ...rest } = given;
  return to(role, purpose, { ...rest, channel });
}

describe('the convenient hours', () => {
  const times: [string, string[], string][] = [
    ['2026-03-23T00:00:00', ['us.regf.hours'], '2026-03-23T08:00:00'],
    ['2026-03-23T07:59:59', ['us.regf.hours'], '2026-03-23T08:00:00'],
    ['2026-03-23T07:59:59.999', ['us.regf.hours'], '2026-03-23T08:00:00'],
    ['2026-03-23T08:00:00', [], '2026-03-23T08:00:00'],
    ['2026-03-23T20:59:59.999', [], '2026-03-23T20:59:59.999'],
    ['2026-03-23T21:00:00', ['us.regf.hours'], '2026-03-24T08:00:00'],
    ['2026-03-23T23:59:59', ['us.regf.hours'], '2026-03-24T08:00:00'],
  ];
  it.each(
    (['voice', 'sms', 'email', 'im', 'visit'] as const).flatMap((channel) =>
      times.map((row) => [channel, ...row] as const),
    ),
  )('%s at %s: refused by %j, next at %s', (channel, time, refused, next) => {
    expect(ask(by(channel), time)).toEqual({ refused, next });
  });

  it.each(['letter', 'portal'] as const)('do not bind a %s', (channel) => {
    expect(ask(by(channel), '2026-03-23T03:00:00').refused).toEqual([]);
  });

  it('do not bind a bank that collects its own debts', () => {
    expect(ask(by('voice', { request: { collectorKind: 'creditor' } }), '2026-03-23T03:00:00').refused).toEqual([]);
  });

  it('do not bind a call to the attorney, nor the confirmation of an opt-out', () => {
    expect(ask(by('voice', { role: 'lawyer' }), '2026-03-23T03:00:00').refused).toEqual([]);
    const stopped = [directive('channel_opt_out', { channel: 'sms', from: at('2026-03-23T02:59:00') })];
    const confirmation = by('sms', { purpose: 'opt_out_confirmation', directives: stopped });
    expect(ask(confirmation, '2026-03-23T03:00:00').refused).toEqual([]);
  });

  it.each([
    ['the end of a month', '2026-04-30T21:00:00', '2026-05-01T08:00:00'],
    ['the end of a year', '2026-12-31T22:00:00', '2027-01-01T08:00:00'],
    ['28 February of a common year', '2027-02-28T21:00:00', '2027-03-01T08:00:00'],
    ['28 February of a leap year', '2028-02-28T21:00:00', '2028-02-29T08:00:00'],
    ['the leap day', '2028-02-29T21:00:00', '2028-03-01T08:00:00'],
  ])('open the next morning after %s', (_, time, next) => expect(ask(by('voice'), time).next).toBe(next));

  it('close at 21:00', () => {
    expect(evaluate([pack], by('voice'), at('2026-03-23T20:58:00')).closesAt).toBe(at('2026-03-23T21:00:00'));
  });
});

describe('the hours on the days on which clocks change', () => {
  it.each([
    ['New York goes forward', 'America/New_York', '2026-03-08T02:00:00Z', '2026-03-08T12:00:00Z'],
    ['Los Angeles goes forward', 'America/Los_Angeles', '2026-03-08T05:00:00Z', '2026-03-08T15:00:00Z'],
    ['Phoenix stays', 'America/Phoenix', '2026-03-08T04:00:00Z', '2026-03-08T15:00:00Z'],
    ['New York goes back', 'America/New_York', '2026-11-01T01:00:00Z', '2026-11-01T13:00:00Z'],
    ['Los Angeles goes back', 'America/Los_Angeles', '2026-11-01T04:00:00Z', '2026-11-01T16:00:00Z'],
  ])('%s: shut from 21:00 to 08:00 on the wall', (_, zone, evening, morning) => {
    const known = by('voice', { zones: [zone] });
    expect(evaluate([pack], known, ms(evening) - 1).permitted).toBe(true);
    expect(evaluate([pack], known, ms(evening)).nextPermittedAt).toBe(ms(morning));
    expect(evaluate([pack], known, ms(morning) - 1).permitted).toBe(false);
    expect(evaluate([pack], known, ms(morning)).permitted).toBe(true);
  });
});

describe('two zones the consumer may be in', () => {
  it.each([
    ['America/Los_Angeles', '2026-03-23T10:59:59', '2026-03-23T11:00:00'],
    ['America/Los_Angeles', '2026-03-23T21:00:00', '2026-03-24T11:00:00'],
    ['Pacific/Honolulu', '2026-01-23T12:59:59', '2026-01-23T13:00:00'],
    ['Pacific/Honolulu', '2026-07-23T13:59:59', '2026-07-23T14:00:00'],
    ['America/Phoenix', '2026-03-07T09:59:59', '2026-03-07T10:00:00'],
    ['America/Phoenix', '2026-03-08T09:59:59', '2026-03-08T11:00:00'],
    ['Asia/Shanghai', '2026-01-23T12:00:00', '2026-01-23T19:00:00'],
    ['Asia/Shanghai', '2026-07-23T12:00:00', '2026-07-23T20:00:00'],
  ])('New York and %s: asked at %s Eastern, open at %s', (other, time, next) => {
    for (const zones of [
      ['America/New_York', other],
      [other, 'America/New_York'],
    ])
      expect(ask(by('voice', { zones }), time)).toEqual({ refused: ['us.regf.hours'], next });
  });

  it('shut when the first of them does', () => {
    const known = by('voice', { zones: ['America/New_York', 'America/Los_Angeles'] });
    expect(evaluate([pack], known, at('2026-03-23T12:00:00')).closesAt).toBe(at('2026-03-23T21:00:00'));
  });

  it('leave no time when their days do not meet', () => {
    const known = by('voice', { zones: ['America/New_York', 'Asia/Shanghai', 'America/Los_Angeles'] });
    // Two hours of the evening in New York are open in all three; in London they are the middle of the night.
    expect(ask(known, '2026-01-23T12:00:00')).toEqual({ refused: ['us.regf.hours'], next: '2026-01-23T19:00:00' });
    expect(ask({ ...known, zones: [...known.zones, 'Europe/London'] }, '2026-01-23T12:00:00').next).toBeNull();
  });

  it('unknown altogether are a missing fact', () => {
    const [reason] = evaluate([pack], by('voice', { zones: [] }), at('2026-03-23T12:00:00')).reasons;
    expect([reason?.rule.spec.id, reason?.code, reason?.permittedFrom]).toEqual([
      'us.regf.hours',
      'MISSING_FACTS',
      null,
    ]);
  });
});

describe('what the consumer has said of times', () => {
  const weekdays = { days: ['mon', 'tue', 'wed', 'thu', 'fri'] as const };
  const school = () =>
    timed('time_restriction', [{ ...weekdays, days: [...weekdays.days], from: '15:00', to: '17:00' }]);

  it.each([
    ['2026-03-25T14:59:59', [], '2026-03-25T14:59:59'],
    ['2026-03-25T15:00:00', ['us.regf.inconvenient-time'], '2026-03-25T17:00:00'],
    ['2026-03-25T16:59:59', ['us.regf.inconvenient-time'], '2026-03-25T17:00:00'],
    ['2026-03-25T17:00:00', [], '2026-03-25T17:00:00'],
    ['2026-03-28T15:00:00', [], '2026-03-28T15:00:00'],
  ])('at %s: refused by %j, next at %s', (time, refused, next) => {
    expect(ask(by('email', { directives: [school()] }), time)).toEqual({ refused, next });
  });

  it('binds the bank too, as its own policy', () => {
    const known = by('voice', { directives: [school()], request: { collectorKind: 'creditor' } });
    expect(ask(known, '2026-03-25T15:00:00').refused).toEqual(['us.bank.inconvenient-time']);
  });

  it('opens other hours where they agreed to them, and no others', () => {
    const agreed = timed('hours_consent', [{ days: ['sat'], from: '21:00', to: '22:30' }]);
    const known = by('voice', { directives: [agreed] });
    expect(ask(known, '2026-03-28T22:29:59').refused).toEqual([]);
    expect(ask(known, '2026-03-28T22:30:00')).toEqual({ refused: ['us.regf.hours'], next: '2026-03-29T08:00:00' });
    expect(ask(known, '2026-03-27T21:00:00').refused).toEqual(['us.regf.hours']);
    expect(evaluate([pack], known, at('2026-03-28T12:00:00')).closesAt).toBe(at('2026-03-28T22:30:00'));
  });
});

describe('an answer to the consumer', () => {
  const night = '2026-03-25T23:05:00';
  const wrote = (channel: Channel, id = 'm1') =>
    contact('2026-03-25T23:00:00', 'delivered', { id, channel, direction: 'inbound', purpose: 'collect' });
  const answer = (channel: Channel, reply: object, given: Given = {}) =>
    by(channel, {
      ...given,
      purpose: 'respond',
      request: { reply: { attemptId: 'm1', known: true, answered: false, ...reply } },
      events: { person: [wrote(channel)], number: [wrote(channel)] },
    });

  it.each(['sms', 'email', 'im', 'voice'] as const)('by %s may be given once at an inconvenient time', (channel) => {
    expect(ask(answer(channel, {}), night).refused).toEqual([]);
    expect(ask(answer(channel, { answered: true }), night).refused).toEqual(['us.regf.hours']);
  });

  it('must answer something that the consumer began on this channel', () => {
    expect(ask(answer('email', { known: false }), night).refused).toEqual(['us.regf.hours']);
    expect(ask(by('email', { purpose: 'respond' }), night).refused).toEqual(['us.regf.hours']);
  });

  it('is no demand: a new message keeps the hours', () => {
    const known = answer('email', {});
    const demand = { ...known, request: { ...known.request, purpose: 'collect' as const } };
    expect(ask(demand, night).refused).toEqual(['us.regf.hours']);
  });

  it('is given at a place that was called inconvenient', () => {
    const wish = directive('place_restriction', { places: ['work'] });
    const work: Given = { contactPoint: { place: 'work' }, directives: [wish] };
    expect(ask(answer('voice', {}, work), '2026-03-25T12:00:00').refused).toEqual([]);
    expect(ask(by('voice', work), '2026-03-25T12:00:00').refused).toEqual(['us.regf.inconvenient-place']);
  });

  it('is not given after a refusal of all contact', () => {
    const known = answer('email', {}, { directives: [directive('cease')] });
    expect(ask(known, '2026-03-25T12:00:00').refused).toEqual(['us.regf.cease']);
  });
});
