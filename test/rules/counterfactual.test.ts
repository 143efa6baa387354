import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Alternative,
  CHANGES,
  type ChangeCode,
  counterfactualsOf,
} from '../../src/rules/contact/counterfactual.ts';
import { evaluate, type Timeline } from '../../src/rules/contact/evaluate.ts';
import type { RuleBody } from '../../src/rules/contact/policy.ts';
import { factsAround, rules, situation } from './arbitraries.ts';
import { cn, directive, facts, ms, packOf, ruleOf, timed } from './builders.ts';

const policyOf = (...bodies: RuleBody[]): Timeline => {
  const packs = [packOf(bodies.map((body) => ruleOf(body)))];
  return () => ({ packs, until: Number.POSITIVE_INFINITY });
};
const noon = cn('2026-11-23T12:00:00');
const daytime = { kind: 'hours', zone: 'person', windows: [{ from: '08:00', to: '21:00' }], consent: true } as const;
const changes = (policy: Timeline, given: ReturnType<typeof facts>, at = noon, asked: readonly Alternative[] = []) =>
  counterfactualsOf(policy, given, at, asked).map(({ change }) => change);

describe('what would change a refusal', () => {
  it('is nothing where there is none', () => {
    expect(changes(policyOf({ kind: 'recording' }), facts())).toEqual([]);
  });

  it.each<[string, RuleBody, Parameters<typeof facts>[0], Partial<Record<ChangeCode, object>>]>([
    ['a recording', { kind: 'recording' }, { request: { recording: false } }, { RECORD_CALL: {} }],
    [
      'a registered number',
      { kind: 'caller_number', registered: ['95588'], privateLines: [] },
      { request: { callerNumber: '12345' } },
      { REGISTERED_CALLER_NUMBER: {} },
    ],
    [
      'a notice about the vendor',
      { kind: 'vendor_notice' },
      { request: { collectorId: 'vendor' } },
      { OBTAIN_DIRECTIVE: { directiveKind: 'vendor_notice' } },
    ],
    [
      'approval of a private line',
      { kind: 'caller_number', registered: [], privateLines: ['1\\d{10}'] },
      { request: { callerNumber: '13800138000' } },
      { OBTAIN_DIRECTIVE: { directiveKind: 'private_line_approval' }, REGISTERED_CALLER_NUMBER: {} },
    ],
    [
      'proof of a common debt',
      {
        kind: 'addressee',
        allow: [{ roles: ['spouse'], purposes: ['collect'], needs: { directive: 'common_debt', about: 'party' } }],
      },
      { party: { partyId: 'wife', role: 'spouse' } },
      { OBTAIN_DIRECTIVE: { directiveKind: 'common_debt' } },
    ],
    [
      'the end of a dispute',
      { kind: 'hold', directive: 'dispute', about: 'accounts' },
      { directives: [directive('dispute', { directiveId: 'D7' })] },
      { END_DIRECTIVE: { directiveKind: 'dispute', directiveId: 'D7' } },
    ],
  ])('%s', (_, rule, given, expected) => {
    const found = changes(policyOf(rule), facts(given));
    expect(found.map(({ code, ...rest }) => [code, rest])).toEqual(
      CHANGES.filter((code) => expected[code]).map((code) => [code, expected[code]]),
    );
  });

  it('is time, consent, or to know which of two zones it is', () => {
    const at = ms('2026-11-23T21:30:00-05:00');
    const given = facts({ zones: ['America/New_York', 'America/Los_Angeles'] });
    expect(counterfactualsOf(policyOf(daytime), given, at, [])).toEqual([
      { change: { code: 'WAIT' }, nextPermittedAt: ms('2026-11-24T08:00:00-08:00') },
      { change: { code: 'OBTAIN_DIRECTIVE', directiveKind: 'hours_consent' }, nextPermittedAt: at },
      { change: { code: 'CONFIRM_ZONE', timeZone: 'America/Los_Angeles' }, nextPermittedAt: at },
    ]);
  });

  it('is not one of two things that both stand in the way', () => {
    const policy = policyOf({ kind: 'recording' }, { kind: 'hold', directive: 'cease', about: 'party' });
    const given = facts({ request: { recording: false }, directives: [directive('cease')] });
    expect(changes(policy, given)).toEqual([]);
  });

  it('is not the end of what is no longer in force, or not yet', () => {
    const policy = policyOf({ kind: 'blocked_time' });
    const window = [{ from: '11:00', to: '13:00' }];
    const given = facts({
      directives: [
        timed('time_restriction', window, { directiveId: 'now' }),
        timed('time_restriction', window, { directiveId: 'later', from: noon + 1 }),
      ],
    });
    expect(changes(policy, given)).toEqual([
      { code: 'WAIT' },
      { code: 'END_DIRECTIVE', directiveKind: 'time_restriction', directiveId: 'now' },
    ]);
  });

  it('is what was asked beside it, where that is permitted', () => {
    const policy = policyOf({ kind: 'contact_point' });
    const other = (contactPointId: string, status: 'active' | 'invalid'): Alternative => ({
      change: { code: 'OTHER_CONTACT_POINT', contactPointId },
      facts: facts({ contactPoint: { contactPointId, status } }),
    });
    const given = facts({ contactPoint: { status: 'invalid' } });
    expect(changes(policy, given, noon, [other('m2', 'invalid'), other('m3', 'active')])).toEqual([
      { code: 'OTHER_CONTACT_POINT', contactPointId: 'm3' },
    ]);
  });

  it('is in a fixed order and permitted by the engine, for any rules and facts', () => {
    fc.assert(
      fc.property(rules, situation, (list, [at, given]) => {
        const packs = [packOf(list)];
        const policy: Timeline = () => ({ packs, until: Number.POSITIVE_INFINITY });
        const asked = fc.sample(factsAround(at), { numRuns: 2, seed: at }).map((other) => ({
          change: { code: 'OTHER_CHANNEL', channel: other.request.channel } as const,
          facts: other,
        }));
        const found = counterfactualsOf(policy, given, at, asked);
        if (evaluate(policy, given, at).permitted) expect(found).toEqual([]);
        const places = found.map(({ change }) => CHANGES.indexOf(change.code));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        for (const { change, nextPermittedAt } of found) {
          const after = asked.find((one) => one.change === change)?.facts ?? changed(given, change);
          expect(evaluate(policy, after, nextPermittedAt).permitted, JSON.stringify(change)).toBe(
            change.code !== 'OBTAIN_DIRECTIVE' && change.code !== 'REGISTERED_CALLER_NUMBER',
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The change done by hand; what is obtained is not undone here, so that the refusal stays. */
function changed(
  given: ReturnType<typeof facts>,
  change: ReturnType<typeof changes>[number],
): ReturnType<typeof facts> {
  switch (change.code) {
    case 'RECORD_CALL':
      return { ...given, request: { ...given.request, recording: true } };
    case 'CONFIRM_ZONE':
      return { ...given, zones: [change.timeZone!] };
    case 'END_DIRECTIVE':
      return { ...given, directives: given.directives.filter((one) => one.directiveId !== change.directiveId) };
    default:
      return given;
  }
}
