import { describe, expect, it } from 'vitest';
import { PURPOSES, type Purpose, ROLES } from '../../src/rules/contact/facts.ts';
import { directive } from './builders.ts';
import { customerOf, shipped } from './shipped.ts';

const { compiled: pack, document } = shipped('hk@2015-02-06');
const { at, on, call, to, ask, contact, obligations } = customerOf('Asia/Hong_Kong', pack);

describe("the bank's hours in Hong Kong", () => {
  it.each([
    ['2026-11-23T07:59:59', ['hk.hours'], '2026-11-23T08:00:00'],
    ['2026-11-23T08:00:00', [], '2026-11-23T08:00:00'],
    ['2026-11-23T20:59:59', [], '2026-11-23T20:59:59'],
    ['2026-11-23T21:00:00', ['hk.hours'], '2026-11-24T08:00:00'],
    ['2026-12-31T23:59:59', ['hk.hours'], '2027-01-01T08:00:00'],
    ['2026-11-30T21:00:00', ['hk.hours'], '2026-12-01T08:00:00'],
  ])('at %s: %j, next at %s', (time, refused, next) => {
    for (const channel of ['voice', 'sms', 'im', 'visit'] as const)
      expect(ask(on(channel), time)).toEqual({ refused, next });
  });

  it.each(['letter', 'email', 'portal'] as const)('do not bind a %s', (channel) => {
    expect(ask(on(channel), '2026-11-23T03:00:00').refused).toEqual([]);
  });

  it('are no figure of the code, which has none', () => {
    const figures = document.rules.filter(({ kind }) => kind === 'hours' || kind === 'cap' || kind === 'gap');
    expect(figures.map(({ strength }) => strength)).toEqual(['bank', 'bank', 'bank', 'bank']);
  });
});

describe('third parties in Hong Kong', () => {
  const DEBTOR: Purpose[] = ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'];
  const OTHERS: Purpose[] = ['respond', 'opt_out_confirmation'];
  it.each(ROLES.flatMap((role) => PURPOSES.map((purpose) => [role, purpose] as const)))('%s, %s', (role, purpose) => {
    const allowed = role === 'debtor' || role === 'guarantor' ? DEBTOR : OTHERS;
    // Not even a debtor who cannot be found makes a referee somebody to ask.
    const known = to(role, purpose, { debtorHasValidNumber: false });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual(allowed.includes(purpose) ? [] : ['hk.addressee']);
  });

  it('common debt of a spouse is no guarantee', () => {
    const known = to('spouse', 'collect', { directives: [directive('common_debt', { partyId: 'other' })] });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual(['hk.addressee']);
  });
});

describe('a collection agency in Hong Kong', () => {
  const notice = (given: Parameters<typeof directive>[1] = {}) =>
    directive('vendor_notice', { collectorId: 'agency-1', ...given });
  const agency = (given: Parameters<typeof call>[0] = {}, request = {}) =>
    call({ ...given, request: { collectorKind: 'third_party', collectorId: 'agency-1', ...request } });

  it.each([
    ['without a notice', agency(), ['hk.vendor.notice'], null],
    ['with a notice', agency({ directives: [notice()] }), [], '2026-11-23T10:00:00'],
    [
      'with a notice about another agency',
      agency({ directives: [notice({ collectorId: 'agency-2' })] }),
      ['hk.vendor.notice'],
      null,
    ],
    [
      'with a notice of the next second',
      agency({ directives: [notice({ from: at('2026-11-23T10:00:01') })] }),
      ['hk.vendor.notice'],
      '2026-11-23T10:00:01',
    ],
    [
      'with a notice that was withdrawn',
      agency({ directives: [notice({ until: at('2026-11-23T10:00:00') })] }),
      ['hk.vendor.notice'],
      null,
    ],
    ['that only serves', agency({}, { purpose: 'service' }), [], '2026-11-23T10:00:00'],
    ['in the name of the bank', agency({ directives: [notice()] }, { presentsAs: 'bank' }), ['hk.own-name'], null],
  ])('%s', (_, known, refused, next) => expect(ask(known, '2026-11-23T10:00:00')).toEqual({ refused, next }));
});

describe('calls in Hong Kong', () => {
  it.each([
    [null, ['hk.caller-number']],
    ['unknown', ['hk.caller-number']],
    ['+85221234567', []],
  ])('from %s: %j', (callerNumber, refused) => {
    expect(ask(call({ request: { callerNumber } }), '2026-11-23T10:00:00').refused).toEqual(refused);
  });

  it('are not persistent: three a day and an hour apart', () => {
    const calls = ['09:00:00', '11:00:00', '13:00:00'].map((time) => contact(`2026-11-30T${time}`));
    const ask3 = ask(call({ events: { person: calls } }), '2026-11-30T20:00:00');
    expect(ask3).toEqual({ refused: ['hk.calls.person-day'], next: '2026-12-01T08:00:00' });
    const ask1 = (time: string) => ask(call({ events: { person: calls.slice(0, 1) } }), time).refused;
    expect([ask1('2026-11-30T09:59:59'), ask1('2026-11-30T10:00:00')]).toEqual([['hk.calls.gap'], []]);
  });

  it('and letters name who calls', () => {
    expect(obligations(call(), '2026-11-23T10:00:00')).toEqual(['IDENTIFY_CALLER', 'VERIFY_IDENTITY']);
    expect(obligations(on('letter'), '2026-11-23T10:00:00')).toEqual(['IDENTIFY_CALLER']);
  });
});
