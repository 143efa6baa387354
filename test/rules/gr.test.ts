import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { PURPOSES, type Purpose, ROLES } from '../../src/rules/contact/facts.ts';
import { ms } from './builders.ts';
import { customerOf, day, shipped } from './shipped.ts';

const { compiled: pack } = shipped('gr@2023-05-26');
const { at, on, call, to, ask, contact } = customerOf('Europe/Athens', pack);

describe('hours in Greece', () => {
  it.each([
    ['a Monday before nine', '2026-11-23T08:59:59', ['gr.hours'], '2026-11-23T09:00:00'],
    ['a Monday at nine', '2026-11-23T09:00:00', [], '2026-11-23T09:00:00'],
    ['a Friday just before eight in the evening', '2026-11-20T19:59:59', [], '2026-11-20T19:59:59'],
    ['a Friday at eight in the evening', '2026-11-20T20:00:00', ['gr.hours'], '2026-11-23T09:00:00'],
    ['a Saturday', '2026-11-21T12:00:00', ['gr.hours'], '2026-11-23T09:00:00'],
    ['a Sunday', '2026-11-22T12:00:00', ['gr.hours'], '2026-11-23T09:00:00'],
    ['Ochi Day', '2026-10-28T12:00:00', ['gr.holidays'], '2026-10-29T09:00:00'],
    ['the evening before Christmas', '2026-12-24T20:00:00', ['gr.hours'], '2026-12-28T09:00:00'],
    ['the evening of the last day of the year', '2026-12-31T20:00:00', ['gr.hours'], '2027-01-04T09:00:00'],
    ['Orthodox Good Friday', '2026-04-10T12:00:00', ['gr.holidays'], '2026-04-14T09:00:00'],
    ['Easter of the West', '2026-04-06T12:00:00', [], '2026-04-06T12:00:00'],
    ['the evening before the Easter of 2027', '2027-04-29T20:00:00', ['gr.hours'], '2027-05-05T09:00:00'],
  ])('%s', (_, time, refused, next) => expect(ask(call(), time)).toEqual({ refused, next }));

  it.each([
    ['the clocks go forward', '2026-03-27T18:00:00Z', '2026-03-30T06:00:00Z'],
    ['the clocks go back', '2026-10-23T17:00:00Z', '2026-10-26T07:00:00Z'],
  ])('open at nine on the wall over the weekend in which %s', (_, friday, monday) => {
    expect(evaluate([pack], call(), ms(friday)).nextPermittedAt).toBe(ms(monday));
    expect(evaluate([pack], call(), ms(friday) - 1).permitted).toBe(true);
    expect(evaluate([pack], call(), ms(monday) - 1).permitted).toBe(false);
  });

  it('of a year whose holidays are not known are none', () => {
    expect(ask(call(), '2029-06-01T12:00:00').refused).toEqual(['gr.holidays']);
  });

  it('bind calls; messages follow the bank', () => {
    expect(ask(on('sms'), '2026-11-21T12:00:00').refused).toEqual([]);
    expect(ask(on('sms'), '2026-11-21T20:00:00')).toEqual({ refused: ['gr.hours.other'], next: '2026-11-22T09:00:00' });
    expect(ask(on('email'), '2026-11-21T23:00:00').refused).toEqual([]);
  });
});

describe('ten days overdue', () => {
  const due = (date: string) => call({ accounts: [{ accountId: 'A1', status: 'open', pastDueDay: day(date) }] });
  it.each([
    ['nine days', '2026-11-10', '2026-11-19T19:59:59', ['gr.account.overdue'], '2026-11-20T09:00:00'],
    ['ten days', '2026-11-10', '2026-11-20T09:00:00', [], '2026-11-20T09:00:00'],
    [
      'nine days, with a weekend in between',
      '2026-11-11',
      '2026-11-20T10:00:00',
      ['gr.account.overdue'],
      '2026-11-23T09:00:00',
    ],
    ['over the end of February', '2026-02-20', '2026-03-02T09:00:00', [], '2026-03-02T09:00:00'],
    [
      'over the end of a leap February',
      '2028-02-21',
      '2028-03-01T19:00:00',
      ['gr.account.overdue'],
      '2028-03-02T09:00:00',
    ],
    ['over the end of the year', '2026-12-28', '2027-01-07T09:00:00', [], '2027-01-07T09:00:00'],
  ])('%s', (_, date, time, refused, next) => expect(ask(due(date), time)).toEqual({ refused, next }));
});

describe('one call every second day', () => {
  const REFUSED = ['gr.calls.every-second-day'];
  it.each([
    ['on the same day', '2026-11-23T10:00:00', '2026-11-23T19:00:00', REFUSED, '2026-11-25T09:00:00'],
    [
      'on the next day, to its last second',
      '2026-11-23T10:00:00',
      '2026-11-24T19:59:59',
      REFUSED,
      '2026-11-25T09:00:00',
    ],
    ['on the second day', '2026-11-23T19:59:59', '2026-11-25T09:00:00', [], '2026-11-25T09:00:00'],
    ['after a Friday', '2026-11-20T10:00:00', '2026-11-20T12:00:00', REFUSED, '2026-11-23T09:00:00'],
    ['over the end of a month', '2026-06-29T10:00:00', '2026-06-30T10:00:00', REFUSED, '2026-07-01T09:00:00'],
    ['over the end of a year', '2026-12-31T10:00:00', '2026-12-31T11:00:00', REFUSED, '2027-01-04T09:00:00'],
    ['over Christmas', '2026-12-24T10:00:00', '2026-12-24T11:00:00', REFUSED, '2026-12-28T09:00:00'],
  ])('%s', (_, called, time, refused, next) => {
    const known = call({ events: { person: [contact(called)] } });
    expect(ask(known, time)).toEqual({ refused, next });
  });

  it.each(['no_answer', 'busy', 'conversation', 'voicemail', 'pending'] as const)('%s counts', (outcome) => {
    const known = call({ events: { person: [contact('2026-11-23T10:00:00', outcome)] } });
    expect(ask(known, '2026-11-24T10:00:00').refused).toEqual(REFUSED);
  });

  it.each([
    ['a message', { channel: 'sms' as const }],
    ['a call of the debtor', { direction: 'inbound' as const }],
  ])('%s does not', (_, given) => {
    const known = call({ events: { person: [contact('2026-11-23T10:00:00', 'answered', given)] } });
    expect(ask(known, '2026-11-24T10:00:00').refused).toEqual([]);
  });

  it('whoever calls', () => {
    const known = call({
      events: { person: [contact('2026-11-23T10:00:00', 'no_answer', { collectorId: 'company' })] },
    });
    expect(ask(known, '2026-11-24T10:00:00').refused).toEqual(REFUSED);
  });
});

describe('a number at work', () => {
  it.each([
    ['beside another number', { place: 'work' as const }, ['gr.workplace']],
    ['that is the only one', { place: 'work' as const, onlyNumber: true }, []],
    ['at home', { place: 'home' as const }, []],
    ['that is a mobile', { place: null }, []],
  ])('%s', (_, contactPoint, refused) => {
    expect(ask(call({ contactPoint }), '2026-11-23T10:00:00').refused).toEqual(refused);
  });

  it('may be used to answer', () => {
    const known = to('debtor', 'respond', { contactPoint: { place: 'work' } });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual([]);
  });
});

describe('who may be contacted in Greece', () => {
  const DEBTOR: Purpose[] = ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'];
  it.each(ROLES.flatMap((role) => PURPOSES.map((purpose) => [role, purpose] as const)))('%s, %s', (role, purpose) => {
    const allowed: Purpose[] = role === 'debtor' || role === 'guarantor' ? DEBTOR : ['respond', 'opt_out_confirmation'];
    const refused = ask(to(role, purpose), '2026-11-23T10:00:00').refused;
    expect(refused).toEqual(allowed.includes(purpose) ? [] : ['gr.addressee']);
  });

  it('a debtor information company records and does not pose as the creditor', () => {
    const company = (request = {}) =>
      ask(
        call({ request: { collectorKind: 'third_party', collectorId: 'company', ...request } }),
        '2026-11-23T10:00:00',
      );
    expect(company().refused).toEqual([]);
    expect(company({ recording: false }).refused).toEqual(['gr.recording']);
    expect(company({ presentsAs: 'bank' }).refused).toEqual(['gr.own-name']);
    expect(at('2026-11-23T10:00:00')).toBe(ms('2026-11-23T08:00:00Z'));
  });
});
