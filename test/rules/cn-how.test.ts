import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { MINUTE } from '../../src/rules/time/zone.ts';
import { cn, contact, directive, events, facts, timed } from './builders.ts';
import { ask, type Given, on, pack, permitted } from './cn-pack.ts';

describe('holds and wishes', () => {
  it.each([
    ['a bankruptcy that a court accepted', directive('bankruptcy_accepted'), {}, 'cn.hold.bankruptcy'],
    ['a death', directive('deceased', { partyId: 'self' }), {}, 'cn.hold.deceased'],
    ['a death of somebody else', directive('deceased', { partyId: 'other' }), {}, null],
    ['a loss of capacity', directive('incapacity', { partyId: 'self' }), {}, 'cn.hold.incapacity'],
    ['a dispute', directive('dispute', { accountId: 'A1' }), {}, 'cn.hold.dispute'],
    ['a dispute about another account', directive('dispute', { accountId: 'A2' }), {}, null],
    ['a dispute, for a service call', directive('dispute'), { purpose: 'service' as const }, null],
    ['hardship', directive('hardship_hold'), {}, 'cn.hold.hardship'],
    ['the wish not to be called', directive('cease', { partyId: 'self' }), {}, 'cn.wish.cease'],
    ['the wish not to be called, for a text message', directive('cease'), { channel: 'sms' as const }, null],
    ['a representative', directive('represented', { partyId: 'self' }), {}, 'cn.represented'],
    ['an opt-out of calls', directive('channel_opt_out', { channel: 'voice' }), {}, 'cn.channel.opt-out'],
    ['an opt-out of text messages', directive('channel_opt_out', { channel: 'sms' }), {}, null],
    ['an opt-out of this number', directive('address_opt_out', { contactPointId: 'm1' }), {}, 'cn.address.opt-out'],
    ['an opt-out of another number', directive('address_opt_out', { contactPointId: 'm2' }), {}, null],
    [
      'an opt-out, for a statutory notice',
      directive('channel_opt_out', { channel: 'voice' }),
      { purpose: 'statutory_notice' as const },
      null,
    ],
    ['an inconvenient time', timed('time_restriction', [{ from: '09:00', to: '12:00' }]), {}, 'cn.wish.time'],
    ['an inconvenient place', directive('place_restriction', { places: ['work'] }), {}, 'cn.wish.place'],
    ['another inconvenient place', directive('place_restriction', { places: ['home'] }), {}, null],
  ])('%s', (_, held, request, refused) => {
    const known = facts({ directives: [held], request, contactPoint: { place: 'work' } });
    expect(ask(known).refused).toEqual(refused === null ? [] : [refused]);
    const until = cn('2026-11-23T10:00:01');
    const ending = { ...held, until, windows: held.windows.map((window) => ({ ...window, validUntil: until })) };
    expect(ask({ ...known, directives: [ending] }).next).toBe(
      refused === null ? '2026-11-23T10:00:00' : '2026-11-23T10:00:01',
    );
  });

  it('that follow each other end with the last, in whatever order they stand', () => {
    const [noon, night] = [cn('2026-11-23T12:00:00'), cn('2026-11-24T00:00:00')];
    const known = facts({
      directives: [directive('dispute', { from: noon, until: night }), directive('dispute', { until: noon })],
    });
    const { reasons } = evaluate([pack], known, cn('2026-11-23T10:00:00'));
    expect(reasons.map(({ permittedFrom }) => permittedFrom)).toEqual([night]);
  });

  it('that start later close the permission then', () => {
    const known = facts({ directives: [directive('dispute', { from: cn('2026-11-23T11:00:00') })] });
    expect(evaluate([pack], known, cn('2026-11-23T10:00:00')).closesAt).toBe(cn('2026-11-23T11:00:00'));
  });

  it('an inconvenient time of a whole month is over when it ends', () => {
    const away = timed('time_restriction', [{ from: '00:00', to: '24:00' }], { until: cn('2026-12-24T00:00:00') });
    expect(ask(facts({ directives: [away] })).next).toBe('2026-12-24T08:00:00');
  });
});

describe('how the call is made', () => {
  it.each(['voice', 'visit'] as const)('a %s must be recorded', (channel) => {
    expect(ask(on(channel, { request: { recording: false } }))).toEqual({ refused: ['cn.recording'], next: null });
  });
  it('a text message needs no recording and no caller number', () => {
    expect(permitted(on('sms', { request: { recording: false, callerNumber: null } }))).toBe(true);
  });

  it.each([
    ['95588', true],
    ['96588', true],
    ['4008895588', true],
    ['01066108608', true],
    ['+861066108608', true],
    ['075588888888', true],
    ['13800138000', false],
    ['+8613800138000', false],
    ['8613800138000', false],
    ['013800138000', false],
    ['955880000', false],
    ['12345', false],
    ['+12025550100', false],
    [null, false],
  ])('the caller number %s is registered: %s', (callerNumber, expected) => {
    expect(ask(facts({ request: { callerNumber } })).refused).toEqual(expected ? [] : ['cn.caller-number']);
  });

  it.each(['13800138000', '+8613800138000', '013800138000'])(
    'the private line %s may be approved, for one collector',
    (callerNumber) => {
      const approved = (collectorId: string) =>
        facts({ request: { callerNumber }, directives: [directive('private_line_approval', { collectorId })] });
      expect(permitted(approved('bank'))).toBe(true);
      expect(permitted(approved('vendor-1'))).toBe(false);
    },
  );
});

describe('a vendor', () => {
  const vendor = (given: Given = {}) =>
    facts({ request: { collectorKind: 'third_party', collectorId: 'vendor-1' }, ...given });
  const notice = (given: Parameters<typeof directive>[1]) =>
    directive('vendor_notice', { collectorId: 'vendor-1', ...given });
  const two = {
    accounts: [
      { accountId: 'A1', status: 'open' as const, pastDueDay: 20_000 },
      { accountId: 'A2', status: 'open' as const, pastDueDay: 20_000 },
    ],
  };

  it.each([
    ['without a notice', {}, ['cn.vendor.notice']],
    ['with a notice', { directives: [notice({})] }, []],
    ['with a notice about the account', { directives: [notice({ accountId: 'A1' })] }, []],
    [
      'with a notice about one of two accounts',
      { ...two, directives: [notice({ accountId: 'A1' })] },
      ['cn.vendor.notice'],
    ],
    [
      'with a notice about each account',
      { ...two, directives: [notice({ accountId: 'A1' }), notice({ accountId: 'A2' })] },
      [],
    ],
    ['with a notice about another vendor', { directives: [notice({ collectorId: 'vendor-2' })] }, ['cn.vendor.notice']],
    [
      'with a notice that was withdrawn',
      { directives: [notice({ until: cn('2026-11-23T10:00:00') })] },
      ['cn.vendor.notice'],
    ],
    [
      'that only serves',
      { request: { collectorKind: 'third_party' as const, collectorId: 'vendor-1', purpose: 'service' as const } },
      [],
    ],
  ])('%s', (_, given, refused) => expect(ask(vendor(given)).refused).toEqual(refused));

  it('may begin when the notice does', () => {
    expect(ask(vendor({ directives: [notice({ from: cn('2026-11-24T00:00:00') })] })).next).toBe('2026-11-24T08:00:00');
  });

  it('speaks in its own name', () => {
    const presenting = (presentsAs: string) =>
      ask(
        facts({
          request: { collectorKind: 'third_party', collectorId: 'vendor-1', presentsAs },
          directives: [notice({})],
        }),
      );
    expect(presenting('bank')).toEqual({ refused: ['cn.vendor.own-name'], next: null });
    expect(presenting('vendor-1').refused).toEqual([]);
  });
});

describe('the contact point', () => {
  it.each([
    ['that is invalid', { status: 'invalid' as const }, ['cn.contact-point']],
    ['that is not on file', { contactPointId: null }, ['cn.contact-point']],
    ['of another person', { ofParty: false }, ['cn.contact-point']],
    ['of another kind', { kind: 'email' as const }, ['cn.contact-point']],
    ['that reaches somebody else', { wrongSince: 0 }, ['cn.wrong-number']],
  ])('%s is not used', (_, contactPoint, refused) =>
    expect(ask(facts({ contactPoint }))).toEqual({ refused, next: null }),
  );

  it('is not needed on the portal or for a letter', () => {
    expect(permitted(on('portal', { contactPoint: null }))).toBe(true);
    expect(permitted(on('letter', { contactPoint: null }))).toBe(true);
  });
});

describe('the accounts', () => {
  const open = { accountId: 'A1', status: 'open' as const, pastDueDay: 20_000 };
  const settled = { accountId: 'A2', status: 'settled' as const, pastDueDay: 20_000 };
  it.each([
    ['one open', [open], true, []],
    ['one settled and named', [settled], true, ['cn.account.settled']],
    ['one of two settled, both named', [open, settled], true, ['cn.account.settled']],
    ['one of two settled, none named', [open, settled], false, []],
    ['all settled, none named', [settled], false, ['cn.account.settled']],
    [
      'one settled and the other not due yet, none named',
      [{ ...open, pastDueDay: null }, settled],
      false,
      ['cn.account.overdue'],
    ],
  ])('%s', (_, accounts, accountsNamed, refused) =>
    expect(ask(facts({ accounts, accountsNamed })).refused).toEqual(refused),
  );

  it('none known: nothing to collect, and a service call is possible', () => {
    expect(ask(facts({ accounts: [], accountsNamed: false })).refused[0]).toBe('cn.account.known');
    expect(permitted(facts({ accounts: [], accountsNamed: false, request: { purpose: 'service' } }))).toBe(true);
  });
});

describe('an answer', () => {
  it('gives every reason, in the order of the pack, each with its source', () => {
    const at = cn('2026-11-23T22:10:00');
    const calls = Array.from({ length: 6 }, (_, n) => contact(at - (n + 1) * MINUTE, 'placed')).reverse();
    const known = facts({
      request: {
        collectorKind: 'third_party',
        collectorId: 'vendor-1',
        presentsAs: 'bank',
        callerNumber: null,
        recording: false,
      },
      contactPoint: { status: 'invalid', wrongSince: 0, place: 'work' },
      accounts: [{ accountId: 'A1', status: 'closed', pastDueDay: 20_000 }],
      directives: [
        ...(
          ['bankruptcy_accepted', 'deceased', 'incapacity', 'dispute', 'hardship_hold', 'cease', 'represented'] as const
        ).map((kind) => directive(kind)),
        directive('channel_opt_out', { channel: 'voice' }),
        directive('address_opt_out', { contactPointId: 'm1' }),
        directive('place_restriction', { places: ['work'] }),
        timed('time_restriction', [{ from: '22:00', to: '23:00' }]),
      ],
      events: events(calls),
    });
    const { reasons } = evaluate([pack], known, at);
    expect(reasons.map(({ rule }) => rule.spec.id)).toEqual([
      'cn.account.settled',
      'cn.hold.bankruptcy',
      'cn.hold.deceased',
      'cn.hold.incapacity',
      'cn.hold.dispute',
      'cn.hold.hardship',
      'cn.wish.cease',
      'cn.represented',
      'cn.vendor.notice',
      'cn.vendor.own-name',
      'cn.channel.opt-out',
      'cn.address.opt-out',
      'cn.contact-point',
      'cn.wrong-number',
      'cn.caller-number',
      'cn.recording',
      'cn.hours',
      'cn.wish.time',
      'cn.wish.place',
      'cn.calls.unanswered-per-number-day',
      'cn.calls.connected-per-debtor-day',
      'cn.calls.per-number-hour',
      'cn.calls.gap-number',
      'cn.calls.gap-person',
    ]);
    for (const { rule } of reasons) expect([rule.spec.citation.zh, rule.spec.citation.en]).not.toContain('');
    expect(reasons.find(({ rule }) => rule.spec.id === 'cn.calls.connected-per-debtor-day')?.limit).toMatchObject({
      used: 6,
      max: 3,
      windowFrom: cn('2026-11-23T00:00:00'),
      windowTo: cn('2026-11-24T00:00:00'),
      countedIds: calls.map(({ id }) => id),
      resetsAt: cn('2026-11-24T00:00:00'),
    });
  });

  it.each([
    ['a call of the bank', facts(), ['RECORD_CALL', 'IDENTIFY_CALLER', 'VERIFY_IDENTITY']],
    [
      'a machine of a vendor',
      facts({ request: { automated: true, collectorKind: 'third_party' } }),
      ['RECORD_CALL', 'IDENTIFY_CALLER', 'IDENTIFY_VENDOR', 'VERIFY_IDENTITY', 'ANNOUNCE_AI_VOICE'],
    ],
    [
      'a question to a friend',
      facts({ party: { role: 'contact' }, request: { purpose: 'locate' } }),
      ['RECORD_CALL', 'IDENTIFY_CALLER', 'NO_DEBT_DETAILS', 'STOP_ON_REFUSAL'],
    ],
    ['a text message', on('sms'), ['IDENTIFY_CALLER']],
  ])('tells %s what to do', (_, known, codes) => {
    expect(evaluate([pack], known, cn('2026-11-23T10:00:00')).obligations.map(({ spec }) => spec.code)).toEqual(codes);
  });
});
