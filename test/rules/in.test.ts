import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { PURPOSES, type Purpose, ROLES } from '../../src/rules/contact/facts.ts';
import { directive, refusals } from './builders.ts';
import { customerOf, day, shipped } from './shipped.ts';

const inForce = shipped('in-rbi-2022@2022-08-12');
const draft = shipped('in-rbi-2026-draft@2026-02-12');
const { at, on, call, to, ask, contact } = customerOf('Asia/Kolkata', inForce.compiled);

describe('the hours of the circular of 2022', () => {
  const times = [
    ['07:59:59', false, '2026-11-23T08:00:00'],
    ['08:00:00', true, '2026-11-23T08:00:00'],
    ['18:59:59', true, '2026-11-23T18:59:59'],
    ['19:00:00', false, '2026-11-24T08:00:00'],
  ] as const;
  const rules = { voice: 'in.rbi22.hours', sms: 'in.rbi22.hours.other', im: 'in.rbi22.hours.other' } as const;
  it.each((['voice', 'sms', 'im'] as const).flatMap((channel) => times.map((row) => [channel, ...row] as const)))(
    '%s at %s: permitted is %s, next at %s',
    (channel, time, permitted, next) => {
      expect(ask(on(channel), `2026-11-23T${time}`)).toEqual({ refused: permitted ? [] : [rules[channel]], next });
    },
  );

  it("are law for calls and the bank's own for messages", () => {
    const strengths = inForce.document.rules.filter(({ kind }) => kind === 'hours').map(({ strength }) => strength);
    expect(strengths).toEqual(['must', 'bank']);
  });

  it.each(['letter', 'email', 'portal'] as const)('do not bind a %s', (channel) => {
    expect(ask(on(channel), '2026-11-23T03:00:00').refused).toEqual([]);
  });

  it('are those of India wherever the borrower is, and half an hour off the full one', () => {
    for (const zones of [['Asia/Kolkata'], ['Europe/London'], []])
      expect(ask(call({ zones }), '2026-11-23T08:00:00').refused).toEqual([]);
    expect(at('2026-11-23T08:00:00')).toBe(Date.parse('2026-11-23T02:30:00Z'));
  });

  it.each([
    ['a year', '2026-12-31T19:00:00', '2027-01-01T08:00:00'],
    ['February', '2027-02-28T19:00:00', '2027-03-01T08:00:00'],
    ['a leap February', '2028-02-28T19:00:00', '2028-02-29T08:00:00'],
  ])('open the morning after the end of %s', (_, time, next) => expect(ask(call(), time).next).toBe(next));
});

describe('the circular of 2022', () => {
  const DEBTOR: Purpose[] = ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'];
  it.each(ROLES.flatMap((role) => PURPOSES.map((purpose) => [role, purpose] as const)))(
    'borrower and guarantor only: %s, %s',
    (role, purpose) => {
      const allowed =
        role === 'debtor' || role === 'guarantor' ? DEBTOR : (['respond', 'opt_out_confirmation'] satisfies Purpose[]);
      const known = to(role, purpose, { debtorHasValidNumber: false });
      expect(ask(known, '2026-11-23T10:00:00').refused).toEqual(
        (allowed as Purpose[]).includes(purpose) ? [] : ['in.rbi22.addressee'],
      );
    },
  );

  it.each([
    ['anonymous', { callerNumber: null }, ['in.rbi22.caller-number']],
    ['withheld in words', { callerNumber: 'anonymous' }, ['in.rbi22.caller-number']],
    ['shown', { callerNumber: '+912212345678' }, []],
  ])('a call is never anonymous: %s', (_, request, refused) => {
    expect(ask(call({ request }), '2026-11-23T10:00:00').refused).toEqual(refused);
  });

  it('an agent calls in its own name', () => {
    const agent = { collectorKind: 'third_party' as const, collectorId: 'agent-1' };
    const presenting = (presentsAs: string) =>
      ask(call({ request: { ...agent, presentsAs } }), '2026-11-23T10:00:00').refused;
    expect([presenting('bank'), presenting('agent-1')]).toEqual([['in.rbi22.own-name'], []]);
  });

  it('three calls a day are the most, over the bank and its agents', () => {
    const calls = [
      contact('2026-11-23T09:00:00', 'no_answer', { collectorId: 'bank' }),
      contact('2026-11-23T11:00:00', 'no_answer', { collectorId: 'agent-1' }),
      contact('2026-11-23T13:00:00', 'no_answer', { collectorId: 'agent-2' }),
    ];
    expect(ask(call({ events: { person: calls } }), '2026-11-23T18:00:00')).toEqual({
      refused: ['in.rbi22.calls.person-day'],
      next: '2026-11-24T08:00:00',
    });
    expect(ask(call({ events: { person: calls.slice(1) } }), '2026-11-23T18:00:00').refused).toEqual([]);
  });

  it('collects from the day after the due date', () => {
    const due = (date: string) => call({ accounts: [{ accountId: 'A1', status: 'open', pastDueDay: day(date) }] });
    expect(ask(due('2026-11-23'), '2026-11-23T10:00:00')).toEqual({
      refused: ['in.rbi22.account.overdue'],
      next: '2026-11-24T08:00:00',
    });
    expect(ask(due('2026-11-22'), '2026-11-23T10:00:00').refused).toEqual([]);
  });
});

describe('the draft of 2026', () => {
  const registry = createRegistry([inForce, draft]);
  const agent = call({ request: { collectorKind: 'third_party', collectorId: 'agent-1' } });

  it.each([
    ['before its proposed day', '2026-06-30T10:00:00'],
    ['after it', '2026-11-23T10:00:00'],
  ])('is asked and never decides, %s', (_, time) => {
    const found = registry.inForceAt(['IN'], at(time));
    expect(found.packs.map(({ id }) => id)).toEqual(['in-rbi-2022@2022-08-12']);
    expect(found.shadow.map(({ id }) => id)).toEqual(['in-rbi-2026-draft@2026-02-12']);
    expect(evaluate(found.packs, agent, at(time)).permitted).toBe(true);
    expect(refusals(evaluate(found.shadow, agent, at(time)))).toEqual(['in.rbi26.vendor.notice']);
  });

  it('alone is no law: nothing decides, so nothing is permitted', () => {
    const found = createRegistry([draft]).inForceAt(['IN'], at('2026-11-23T10:00:00'));
    expect([found.packs, found.known]).toEqual([[], false]);
  });

  const shadow = customerOf('Asia/Kolkata', draft.compiled);
  it.each([
    ['a message at seven in the evening', on('sms'), '2026-11-23T19:00:00', ['in.rbi26.hours']],
    ['a message a second earlier', on('sms'), '2026-11-23T18:59:59', []],
    ['a relative', to('spouse', 'collect'), '2026-11-23T10:00:00', ['in.rbi26.addressee']],
    ['the guarantor', to('guarantor', 'collect'), '2026-11-23T10:00:00', []],
    ['an answer to a relative', to('spouse', 'respond'), '2026-11-23T10:00:00', []],
    ['no recording', call({ request: { recording: false } }), '2026-11-23T10:00:00', ['in.rbi26.recording']],
    [
      'bereavement',
      call({ directives: [directive('hardship_hold', { partyId: 'self' })] }),
      '2026-11-23T10:00:00',
      ['in.rbi26.hold.occasion'],
    ],
    [
      'a wedding that the borrower named',
      call({ directives: [shadow.timed('time_restriction', [{ from: '00:00', to: '24:00' }])] }),
      '2026-11-23T10:00:00',
      ['in.rbi26.wish.time'],
    ],
  ])('would say of %s', (_, known, time, refused) => expect(shadow.ask(known, time).refused).toEqual(refused));

  it('is loaded as a shadow pack with the day it was proposed for', () => {
    expect(draft.document.lifecycle).toBe('shadow');
    expect(draft.document.parameters.find(({ name }) => name === 'proposed_in_force_on')?.value).toBe('2026-07-01');
  });
});
