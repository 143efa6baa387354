import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { PURPOSES, type Purpose, ROLES, type Role } from '../../src/rules/contact/facts.ts';
import { cn, contact, directive, facts } from './builders.ts';
import { ask, type Given, pack, permitted } from './cn-pack.ts';

describe('who may be contacted for what', () => {
  const allowed: Partial<Record<Role, Purpose[]>> = {
    debtor: ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'],
    guarantor: ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'],
    spouse: ['locate', 'respond', 'opt_out_confirmation'],
    contact: ['locate', 'respond', 'opt_out_confirmation'],
    employer: ['locate', 'respond', 'opt_out_confirmation'],
    guardian: ['locate', 'respond', 'opt_out_confirmation'],
    executor: ['respond', 'opt_out_confirmation'],
    lawyer: ['respond', 'opt_out_confirmation'],
  };
  // A debtor without a valid number may be looked for, so only the addressee decides here.
  const to = (role: Role, purpose: Purpose, given: Given = {}) =>
    facts({
      ...given,
      party: { partyId: role === 'debtor' ? 'self' : 'other', role },
      request: { purpose },
      debtorHasValidNumber: false,
    });

  it.each(ROLES.flatMap((role) => PURPOSES.map((purpose) => [role, purpose] as const)))('%s, %s', (role, purpose) => {
    expect(ask(to(role, purpose)).refused).toEqual(allowed[role]!.includes(purpose) ? [] : ['cn.addressee']);
  });

  it.each([
    ['the spouse with evidence of a common debt', 'spouse', 'common_debt', { partyId: 'other' }],
    ['the guardian of somebody without capacity', 'guardian', 'incapacity', { partyId: 'self' }],
    ['the executor after a death', 'executor', 'deceased', { partyId: 'self' }],
    ['the lawyer who was named', 'lawyer', 'represented', { partyId: 'self' }],
  ] as const)('%s may be collected from', (_, role, kind, given) => {
    expect(ask(to(role, 'collect', { directives: [directive(kind, given)] })).refused).toEqual([]);
    expect(
      ask(to(role, 'collect', { directives: [directive(kind, { ...given, until: cn('2026-11-23T10:00:00') })] }))
        .refused,
    ).toEqual(['cn.addressee']);
  });

  it('evidence of a common debt on one account says nothing about another', () => {
    const accounts = [
      { accountId: 'A1', status: 'open' as const, pastDueDay: 20_000 },
      { accountId: 'A2', status: 'open' as const, pastDueDay: 20_000 },
    ];
    const evidence = (accountId: string) => directive('common_debt', { partyId: 'other', accountId });
    expect(ask(to('spouse', 'collect', { accounts, directives: [evidence('A1')] })).refused).toEqual(['cn.addressee']);
    expect(ask(to('spouse', 'collect', { accounts, directives: [evidence('A1'), evidence('A2')] })).refused).toEqual(
      [],
    );
  });

  it('a contact person who refused is left alone, and only that one', () => {
    const refusal = (partyId: string) => ({ directives: [directive('third_party_refusal', { partyId })] });
    expect(ask(to('contact', 'locate', refusal('other'))).refused).toEqual(['cn.contact.refused']);
    expect(ask(to('contact', 'locate', refusal('another'))).refused).toEqual([]);
  });

  it('a contact person is asked once a day and twice in seven days', () => {
    const asked = (...wallTimes: string[]) => ({
      events: { person: wallTimes.map((time) => contact(cn(time), 'answered')) },
    });
    expect(ask(to('contact', 'locate', asked('2026-11-23T08:00:00')))).toEqual({
      refused: ['cn.contacts.per-day'],
      next: '2026-11-24T08:00:00',
    });
    expect(ask(to('contact', 'locate', asked('2026-11-18T08:00:00', '2026-11-20T08:00:00')))).toEqual({
      refused: ['cn.contacts.per-week'],
      next: '2026-11-25T08:00:00',
    });
  });
});

describe('a contact person may be asked where the debtor is', () => {
  const friend = (debtor: ReturnType<typeof contact>[], given: Given = {}) =>
    facts({
      party: { partyId: 'other', role: 'contact' },
      request: { purpose: 'locate' },
      events: { debtor },
      ...given,
    });
  const calls = (...wallTimes: string[]) => wallTimes.map((time) => contact(cn(time)));
  const three = calls('2026-11-23T08:00:00', '2026-11-23T09:00:00', '2026-11-23T09:40:00');
  const UNREACHABLE = 'cn.contact.debtor-unreachable';

  it('when no number of the debtor is valid', () =>
    expect(permitted(friend([], { debtorHasValidNumber: false }))).toBe(true));

  it('from the day after the third unanswered call in a row', () => {
    expect(ask(friend(three))).toEqual({ refused: [UNREACHABLE], next: '2026-11-24T08:00:00' });
    expect(permitted(friend(three), '2026-11-24T08:00:00')).toBe(true);
    expect(ask(friend(three.slice(1)))).toEqual({ refused: [UNREACHABLE], next: null });
  });

  it('at once on the third day in a row without an answer', () => {
    expect(permitted(friend(calls('2026-11-21T20:00:00', '2026-11-22T09:00:00', '2026-11-23T09:00:00')))).toBe(true);
    expect(ask(friend(calls('2026-11-20T20:00:00', '2026-11-22T09:00:00')), '2026-11-23T10:00:00').refused).toEqual([
      UNREACHABLE,
    ]);
  });

  it('only from the next day when the three calls skipped a day', () => {
    const known = friend(calls('2026-11-20T20:00:00', '2026-11-22T09:00:00', '2026-11-23T09:00:00'));
    expect(ask(known)).toEqual({ refused: [UNREACHABLE], next: '2026-11-24T08:00:00' });
  });

  it.each([
    ['answers a call', contact(cn('2026-11-23T09:50:00'), 'conversation')],
    ['calls the bank', contact(cn('2026-11-23T09:50:00'), 'answered', { direction: 'inbound' })],
    ['may just have been reached', contact(cn('2026-11-23T09:50:00'), 'pending')],
    ['is met', contact(cn('2026-11-23T09:50:00'), 'answered', { channel: 'visit' })],
    ['is reached at the instant of the first', contact(cn('2026-11-23T08:00:00'), 'conversation')],
  ])('no longer when the debtor %s', (_, reached) => {
    const known = friend([...three, reached].sort((a, b) => a.at - b.at));
    expect(ask(known, '2026-11-24T10:00:00')).toEqual({ refused: [UNREACHABLE], next: null });
  });

  it('not when one of the calls will be too old by the next day', () => {
    const known = friend(calls('2026-10-24T12:00:00', '2026-11-22T09:00:00', '2026-11-23T09:00:00'));
    expect(ask(known)).toEqual({ refused: [UNREACHABLE], next: null });
    expect(evaluate([pack], known, cn('2026-11-23T10:00:00')).reasons[0]?.permittedFrom).toBeNull();
  });
});
