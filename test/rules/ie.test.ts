import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { type Channel, OUTCOMES } from '../../src/rules/contact/facts.ts';
import { deciding } from '../support/registry.ts';
import { directive, ms, refusals } from './builders.ts';
import { customerOf, shipped } from './shipped.ts';

const code = shipped('ie@2012-01-01');
const regulations = shipped('ie@2026-03-24');
const registry = createRegistry([code, regulations]);
const { at, on, call, to, ask, contact, timed } = customerOf('Europe/Dublin', code.compiled);
const since2026 = customerOf('Europe/Dublin', regulations.compiled);

const MONTH = 'ie.communications.month';
const written = (...times: string[]) => times.map((time) => contact(time, 'delivered', { channel: 'letter' }));

describe('three unsolicited communications a calendar month', () => {
  it.each([
    ['in February', ['2027-02-02', '2027-02-10', '2027-02-17'], '2027-02-27T10:00:00', '2027-03-01T09:00:00'],
    ['in January', ['2027-01-05', '2027-01-12', '2027-01-29'], '2027-01-30T20:59:59', '2027-02-02T09:00:00'],
    ['in a leap February', ['2028-02-01', '2028-02-02', '2028-02-29'], '2028-02-29T20:00:00', '2028-03-01T09:00:00'],
    ['in December', ['2026-12-01', '2026-12-02', '2026-12-03'], '2026-12-31T20:00:00', '2027-01-02T09:00:00'],
  ])('%s', (_, days, time, next) => {
    const events = written(...days.map((date) => `${date}T10:00:00`));
    expect(since2026.ask(call({ events: { person: events } }), time)).toEqual({ refused: [MONTH], next });
    expect(since2026.ask(call({ events: { person: events.slice(1) } }), time).refused).toEqual([]);
  });

  it('begin anew with the month of Dublin, not of UTC', () => {
    const three = (time: string) => written(time, '2026-05-12T10:00:00', '2026-05-13T10:00:00');
    const refused = (time: string) =>
      since2026.ask(call({ events: { person: three(time) } }), '2026-05-20T10:00:00').refused;
    expect(ms('2026-04-30T23:30:00Z')).toBe(at('2026-05-01T00:30:00'));
    expect([refused('2026-05-01T00:30:00'), refused('2026-04-30T23:59:59')]).toEqual([[MONTH], []]);
  });

  it.each(['voice', 'sms', 'email', 'im', 'letter', 'visit'] as const)('bind a %s', (channel) => {
    const known = on(channel, {
      events: { person: written('2026-02-02T10:00:00', '2026-02-03T10:00:00', '2026-02-04T10:00:00') },
    });
    expect(ask(known, '2026-02-20T10:00:00').refused).toEqual([MONTH]);
  });

  it.each(['respond', 'service', 'statutory_notice'] as const)('do not bind a contact to %s', (purpose) => {
    const events = written('2026-02-02T10:00:00', '2026-02-03T10:00:00', '2026-02-04T10:00:00');
    expect(ask(to('debtor', purpose, { events: { person: events } }), '2026-02-20T10:00:00').refused).toEqual([]);
  });
});

describe('what counts as a communication', () => {
  const counts = (channel: Channel, outcome: (typeof OUTCOMES)[number], given = {}) => {
    const known = call({ events: { person: [contact('2026-02-03T10:00:00', outcome, { channel, ...given })] } });
    const { limits } = evaluate([code.compiled], known, at('2026-02-20T10:00:00'));
    return limits.find(({ ruleId }) => ruleId === MONTH)?.used === 1;
  };
  const successful = ['placed', 'answered', 'conversation', 'delivered', 'pending'];
  it.each(OUTCOMES)('%s', (outcome) => expect(counts('voice', outcome)).toBe(successful.includes(outcome)));

  it.each([
    ['a letter that went out', 'letter', {}, true],
    ['a text message', 'sms', {}, true],
    ['what the consumer sent', 'email', { direction: 'inbound' }, false],
    ['an answer to the consumer', 'email', { purpose: 'respond' }, false],
    ['what reached somebody else', 'sms', { misdirected: true }, false],
    ['a contact of a third party for the bank', 'voice', { collectorId: 'agency-1' }, true],
  ] as const)('%s', (_, channel, given, expected) => expect(counts(channel, 'delivered', given)).toBe(expected));
});

describe('the change of 24 March 2026', () => {
  const versions = (time: string) => deciding(registry, ['IE'], at(time)).map(({ id }) => id);

  it('comes at midnight in Dublin', () => {
    expect(versions('2026-03-23T23:59:59.999')).toEqual(['ie@2012-01-01']);
    expect(versions('2026-03-24T00:00:00')).toEqual(['ie@2026-03-24']);
  });

  it('makes the number of the code a rule of the bank, and says that it is not certain', () => {
    const rule = (pack: typeof code) => pack.document.rules.find(({ id }) => id === MONTH)!;
    expect([rule(code).strength, rule(code).confidence]).toEqual(['must', 'secondary source']);
    expect([rule(regulations).strength, rule(regulations).confidence]).toEqual(['bank', 'uncertain']);
  });

  it('does not start the month anew', () => {
    const events = written('2026-03-02T10:00:00', '2026-03-10T10:00:00', '2026-03-18T10:00:00');
    const known = call({ events: { person: events } });
    for (const time of ['2026-03-23T10:00:00', '2026-03-24T10:00:00']) {
      const verdict = evaluate(deciding(registry, ['IE'], at(time)), known, at(time));
      expect([refusals(verdict), verdict.nextPermittedAt]).toEqual([[MONTH], at('2026-04-01T09:00:00')]);
    }
  });
});

describe('visits and calls in Ireland', () => {
  it.each([
    ['a Monday before nine', '2026-11-23T08:59:59', ['ie.hours'], '2026-11-23T09:00:00'],
    ['a Monday at nine', '2026-11-23T09:00:00', [], '2026-11-23T09:00:00'],
    ['a Saturday just before nine in the evening', '2026-11-21T20:59:59', [], '2026-11-21T20:59:59'],
    ['a Saturday at nine in the evening', '2026-11-21T21:00:00', ['ie.hours'], '2026-11-23T09:00:00'],
    ['a Sunday', '2026-11-22T12:00:00', ['ie.hours'], '2026-11-23T09:00:00'],
    ['the October holiday', '2026-10-26T12:00:00', ['ie.hours'], '2026-10-27T09:00:00'],
    ['the evening before Christmas', '2026-12-24T21:00:00', ['ie.hours'], '2026-12-28T09:00:00'],
    ['the last evening of the year', '2026-12-31T21:00:00', ['ie.hours'], '2027-01-02T09:00:00'],
    ['a day of a year whose holidays are not known', '2029-06-05T12:00:00', ['ie.hours'], null],
  ])('%s', (_, time, refused, next) => expect(since2026.ask(call(), time)).toEqual({ refused, next }));

  it.each([
    ['the clocks go forward', '2026-03-28T21:00:00Z', '2026-03-30T08:00:00Z'],
    ['the clocks go back', '2026-10-24T20:00:00Z', '2026-10-27T09:00:00Z'],
  ])('at nine on the wall after the Sunday on which %s', (_, saturday, next) => {
    expect(evaluate([regulations.compiled], call(), ms(saturday)).nextPermittedAt).toBe(ms(next));
    expect(evaluate([regulations.compiled], call(), ms(next) - 1).permitted).toBe(false);
  });

  it('are possible on a Sunday with consent', () => {
    const agreed = timed('hours_consent', [{ days: ['sun'], from: '12:00', to: '13:00' }]);
    expect(since2026.ask(call({ directives: [agreed] }), '2026-11-22T12:00:00').refused).toEqual([]);
    expect(since2026.ask(call({ directives: [agreed] }), '2026-11-22T13:00:00').refused).toEqual(['ie.hours']);
  });

  it('are not made at work, nor to employer and family', () => {
    const time = '2026-11-23T10:00:00';
    expect(since2026.ask(call({ contactPoint: { place: 'work' } }), time).refused).toEqual(['ie.workplace']);
    for (const role of ['employer', 'spouse', 'contact'] as const)
      expect(since2026.ask(to(role, 'locate'), time).refused).toEqual(['ie.addressee']);
    expect(since2026.ask(to('guarantor', 'collect'), time).refused).toEqual([]);
  });

  it('leave letters, e-mails and, on a Sunday, messages', () => {
    const time = '2026-11-22T12:00:00';
    for (const channel of ['sms', 'im', 'email', 'letter'] as const)
      expect(since2026.ask(on(channel), time).refused).toEqual([]);
    expect(since2026.ask(on('sms'), '2026-11-22T21:00:00').refused).toEqual(['ie.hours.messages']);
  });

  it('stop with the wish not to be called', () => {
    const known = call({ directives: [directive('cease')] });
    expect(since2026.ask(known, '2026-11-23T10:00:00').refused).toEqual(['ie.wish.cease']);
  });
});
