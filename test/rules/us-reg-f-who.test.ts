import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { type ContactEvent, PURPOSES, type Purpose, type Role } from '../../src/rules/contact/facts.ts';
import { directive, events } from './builders.ts';
import { AGENCY, BANK, consumer, document, pack, to } from './us-reg-f.ts';

const { at, ask, obligations, contact } = consumer;
const NOON = '2026-03-23T12:00:00';
const refused = (...args: Parameters<typeof to>) => ask(to(...args), NOON).refused;

describe('who may be contacted for what', () => {
  const own: Purpose[] = ['collect', 'locate', 'service', 'respond', 'statutory_notice'];
  const stranger: Purpose[] = ['locate', 'respond'];
  const allowed: Record<Role, Purpose[]> = {
    debtor: own,
    guarantor: own,
    spouse: own,
    guardian: own,
    lawyer: own,
    executor: stranger,
    contact: stranger,
    employer: stranger,
  };
  const asked = PURPOSES.filter((purpose) => purpose !== 'opt_out_confirmation');
  const rows = Object.entries(allowed).flatMap(([role, purposes]) =>
    asked.map((purpose) => [role as Role, purpose, purpose === 'solicit' || purposes.includes(purpose)] as const),
  );
  it.each(rows)('%s, %s: %s', (role, purpose, expected) => {
    expect(refused(role, purpose)).toEqual(expected ? [] : ['us.regf.addressee']);
    expect(refused(role, purpose, { by: BANK })).toEqual(expected ? [] : ['us.bank.addressee']);
  });

  it.each(['collect', 'service', 'statutory_notice'] as const)('the executor of a dead debtor: %s', (purpose) => {
    const directives = [directive('deceased', { partyId: 'self' })];
    expect(refused('executor', purpose, { directives })).toEqual([]);
    expect(refused('executor', purpose, { directives, by: BANK })).toEqual([]);
  });

  it.each(PURPOSES)('a dead debtor is contacted by nobody: %s', (purpose) => {
    for (const by of [AGENCY, BANK])
      for (const partyId of ['self', null])
        expect(refused('debtor', purpose, { by, directives: [directive('deceased', { partyId })] })).toContain(
          'us.bank.deceased',
        );
    expect(refused('spouse', 'collect', { directives: [directive('deceased', { partyId: 'self' })] })).toEqual([]);
  });
});

describe('location information', () => {
  const asked = (given: Partial<ContactEvent> = {}, wallTime = '2026-01-05T12:00:00') =>
    contact(wallTime, 'third_party_answered', { collectorId: 'agency-1', purpose: 'locate', ...given });
  const again = (list: readonly ContactEvent[], given: Parameters<typeof to>[2] = {}) =>
    refused('contact', 'locate', { ...given, events: events(list) });

  it.each<[string, Partial<ContactEvent>, boolean]>([
    ['an answered call', {}, true],
    ['a conversation', { outcome: 'conversation' }, true],
    ['a voicemail', { outcome: 'voicemail' }, true],
    ['a letter', { channel: 'letter', outcome: 'delivered' }, true],
    ['a reservation nobody reported', { outcome: 'pending' }, true],
    ['a call that rang out', { outcome: 'no_answer' }, false],
    ['a wrong answer', { answerIncomplete: true }, false],
    ['a question of another agency', { collectorId: 'agency-2' }, false],
    ['a call that reached somebody else', { misdirected: true }, false],
    ['an answer to a question of theirs', { purpose: 'respond' }, false],
  ])('after %s there is no second one: %s', (_, given, counts) => {
    expect(again([asked(given)])).toEqual(counts ? ['us.regf.location.once'] : []);
  });

  it('has no end by itself', () => {
    const known = to('contact', 'locate', { events: events([asked()]) });
    expect(ask(known, '2026-12-31T12:00:00')).toEqual({ refused: ['us.regf.location.once'], next: null });
  });

  it('may be asked for again when the person wants it', () => {
    const wish = directive('call_consent', {
      partyId: 'contact',
      collectorId: 'agency-1',
      from: at('2026-03-20T09:00:00'),
    });
    expect(again([asked()], { directives: [wish] })).toEqual([]);
  });

  it('is no concern of a bank that asks for itself', () => expect(again([asked()], { by: BANK })).toEqual([]));

  it('is asked of the attorney alone once there is one', () => {
    const directives = [directive('represented', { partyId: 'self' })];
    expect(refused('contact', 'locate', { directives })).toEqual(['us.regf.location.represented']);
    expect(refused('employer', 'locate', { directives })).toEqual(['us.regf.location.represented']);
    expect(refused('lawyer', 'locate', { directives })).toEqual([]);
  });

  it('is not asked of somebody who has refused', () => {
    const directives = [directive('third_party_refusal', { partyId: 'contact' })];
    expect(refused('contact', 'locate', { directives })).toEqual(['us.bank.contact-refused']);
    expect(refused('employer', 'locate', { directives })).toEqual([]);
  });

  it('carries its duties', () => {
    expect(obligations(to('contact', 'locate', { channel: 'letter' }), NOON)).toEqual([
      'NO_DEBT_DETAILS',
      'IDENTIFY_CALLER',
      'NO_POSTCARD',
    ]);
  });
});

describe('a refusal, an attorney, a dispute', () => {
  it.each(PURPOSES)('after a refusal of contact only notices go out: %s', (purpose) => {
    const directives = [directive('cease', { accountId: 'A1' })];
    const isStopped = !['statutory_notice', 'solicit'].includes(purpose);
    expect(refused('debtor', purpose, { directives, channel: 'letter' }).includes('us.regf.cease')).toBe(isStopped);
    expect(refused('debtor', purpose, { directives, by: BANK, channel: 'letter' })).not.toContain('us.regf.cease');
  });

  it('holds for the debt it names, from its receipt', () => {
    const cease = directive('cease', { accountId: 'A2' });
    expect(refused('debtor', 'collect', { directives: [cease] })).toEqual([]);
    const later = directive('cease', { from: at('2026-03-23T12:00:01') });
    expect(refused('debtor', 'collect', { directives: [later] })).toEqual([]);
    expect(evaluate([pack], to('debtor', 'collect', { directives: [later] }), at(NOON)).closesAt).toBe(later.from);
  });

  it('an attorney takes the place of the person, and of nobody else', () => {
    const directives = [directive('represented', { partyId: 'self' })];
    expect(refused('debtor', 'collect', { directives })).toEqual(['us.regf.represented']);
    expect(refused('guarantor', 'collect', { directives })).toEqual([]);
    expect(refused('debtor', 'collect', { directives, by: BANK })).toEqual([]);
  });

  it('a dispute stops collection of its debt alone until it ends', () => {
    const dispute = directive('dispute', { accountId: 'A1', until: at('2026-04-20T09:30:00') });
    expect(ask(to('debtor', 'collect', { directives: [dispute] }), NOON)).toEqual({
      refused: ['us.regf.dispute'],
      next: '2026-04-20T09:30:00',
    });
    expect(refused('debtor', 'respond', { directives: [dispute] })).toEqual([]);
    expect(refused('debtor', 'collect', { directives: [{ ...dispute, accountId: 'A2' }] })).toEqual([]);
  });

  it.each([
    ['bankruptcy_accepted', {}, 'us.bankruptcy'],
    ['incapacity', { partyId: 'self' }, 'us.bank.incapacity'],
    ['hardship_hold', { accountId: 'A1' }, 'us.bank.hardship'],
  ] as const)('a directive of %s stops agency and bank', (kind, given, rule) => {
    for (const by of [AGENCY, BANK])
      expect(refused('debtor', 'collect', { by, directives: [directive(kind, given)] })).toEqual([rule]);
    const elsewhere = directive(kind, { partyId: 'friend', accountId: 'A2' });
    expect(refused('debtor', 'collect', { directives: [elsewhere] })).toEqual([]);
    expect(refused('guardian', 'service', { directives: [directive(kind, given)] })).toEqual([]);
  });
});

describe('an inconvenient place', () => {
  const directives = [directive('place_restriction', { places: ['work'] })];
  it.each([
    ['voice', 'work', ['us.regf.inconvenient-place'], ['us.bank.inconvenient-place']],
    ['voice', 'home', [], []],
    ['voice', null, [], []],
    ['letter', 'work', ['us.regf.inconvenient-place'], ['us.bank.inconvenient-place']],
  ] as const)('%s at %s: refused by %j, to the bank %j', (channel, place, agency, bank) => {
    const given = { channel, directives, contactPoint: { place } };
    expect(refused('debtor', 'collect', given)).toEqual(agency);
    expect(refused('debtor', 'collect', { ...given, by: BANK })).toEqual(bank);
  });
});

describe('the pack', () => {
  it('lays no rule of the regulation on the bank', () => {
    const own = document.rules.filter(({ id }) => id.startsWith('us.regf.'));
    expect(own.length).toBeGreaterThan(20);
    for (const { id, when } of own) expect(when.collectors, id).toEqual(['third_party']);
  });

  it.each(['settled', 'closed', 'sold'] as const)('lets nobody collect a debt that is %s', (status) => {
    const accounts = [{ accountId: 'A1', status, pastDueDay: 20_000 }];
    for (const by of [AGENCY, BANK])
      expect(refused('debtor', 'collect', { by, accounts })).toEqual(['us.bank.settled']);
    expect(refused('debtor', 'service', { accounts })).toEqual([]);
  });

  it('asks the same floor of both', () => {
    const contactPoint = { status: 'invalid', wrongSince: at('2026-03-01T00:00:00') } as const;
    for (const by of [AGENCY, BANK])
      expect(refused('debtor', 'collect', { by, contactPoint })).toEqual([
        'us.bank.contact-point',
        'us.bank.wrong-number',
      ]);
  });
});
