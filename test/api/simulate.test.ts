import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { live, story, tell } from '../support/story.ts';

let t: TestApp;
let stories = 0;
beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t?.close());
beforeEach(() => t.setNow('2026-11-23T10:00:00+08:00'));

const simulate = (body: unknown, headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/contact-permissions/simulate', body, headers);

describe('a simulation', () => {
  it('answers what a check answers when the same is stored, for any customer and past', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(story, async (given) => {
        stories += 1;
        const told = tell(given, stories);
        const facts = await live(t, told);
        for (const request of told.questions) {
          const checked = await t.call('POST', '/v1/contact-permissions', request);
          const simulated = await simulate({ ...facts, request });
          expect({ ...simulated.body, decisionId: '' }).toEqual({ ...checked.body, decisionId: '' });
          expect(simulated.status).toBe(checked.status);
          for (const { code } of checked.body.reasons ?? []) seen.set(code, (seen.get(code) ?? 0) + 1);
          if (checked.body.permitted) seen.set('permitted', (seen.get('permitted') ?? 0) + 1);
        }
      }),
      { numRuns: 40 },
    );
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['permitted', 'CALLING_HOURS']));
  }, 120_000);

  const m1 = { contactPointId: 'm1', kind: 'phone', value: '13800138000' };
  const customer = {
    customerId: 'Z1',
    name: '张三',
    parties: [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints: [m1] }],
  };
  const account = {
    accountId: 'ZA',
    customerId: 'Z1',
    currency: 'CNY',
    asOf: '2026-11-20T00:00:00+08:00',
    pastDueSince: '2026-08-20',
    balances: { principal: '1.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
  };
  const bank = { kind: 'creditor', id: 'bank' };
  const request = { customerId: 'Z1', contactPointId: 'm1', channel: 'voice', callerNumber: '95588', collector: bank };
  const at = '2026-11-23T10:00:00+08:00';
  const call = { attemptId: 'z', customerId: 'Z1', contactPointId: 'm1', channel: 'voice', collector: bank };
  const simulation = (more: Record<string, unknown> = {}) => ({
    customer,
    accounts: [account],
    request: { ...request, at },
    ...more,
  });
  /** On the number, and with the person. */
  const GAPS = ['MINIMUM_GAP', 'MINIMUM_GAP'];
  const codes = async (more: Record<string, unknown>) =>
    (await simulate(simulation(more))).body.reasons.map(({ code }: { code: string }) => code);

  it('takes the instant asked about for now, however far ahead of the clock it plays', async () => {
    const later = '2031-03-03T10:00:00+08:00';
    const ahead = simulation({
      accounts: [{ ...account, asOf: '2031-03-03T09:00:00+08:00' }],
      attempts: [{ ...call, startedAt: '2031-03-03T09:40:00+08:00', outcome: 'no_answer' }],
      directives: [{ kind: 'hardship_hold' }],
      request: { ...request, at: later },
    });
    const { body } = await simulate(ahead);
    expect(body.reasons.map(({ code }: { code: string }) => code)).toEqual(['HARDSHIP_HOLD', ...GAPS]);
    expect(body.evaluatedAt).toBe(later);
  });

  it('counts plans, and slots until their outcome or their release', async () => {
    const slot = { ...request, reservationId: 'r1', reservedAt: '2026-11-23T09:50:00+08:00', status: 'live' };
    expect(await codes({})).toEqual([]);
    expect(await codes({ reservations: [slot] })).toEqual(GAPS);
    expect(await codes({ reservations: [{ ...slot, status: 'released' }] })).toEqual([]);
    const undone = { ...call, reservationId: 'r1', startedAt: '2026-11-23T09:20:00+08:00', outcome: 'no_answer' };
    expect(await codes({ reservations: [slot], attempts: [undone] })).toEqual([]);
    const plan = {
      planId: 'p1',
      accountId: 'ZA',
      type: 'individual_instalment',
      status: 'active',
      agreedOn: '2026-11-01',
    };
    expect(await codes({ plans: [plan] })).toEqual(['PLAN_IN_FORCE']);
    expect(await codes({ plans: [plan, { ...plan, planId: 'p2', status: 'broken', agreedOn: '2026-11-02' }] })).toEqual(
      ['PLAN_IN_FORCE'],
    );
    expect(await codes({ plans: [{ ...plan, status: 'broken' }] })).toEqual([]);
  });

  it('counts a call in which no debt was named for the one with the fewest', async () => {
    const vendor = { kind: 'third_party', id: 'vendor-1' };
    const calls = [1, 2, 3, 4, 5].map((n) => {
      return {
        ...call,
        attemptId: `z${n}`,
        collector: vendor,
        startedAt: `2026-11-2${n}T18:00:00Z`,
        outcome: 'no_answer',
      };
    });
    const { body } = await simulate({
      customer: { ...customer, jurisdictions: ['US'], timeZones: ['America/New_York'] },
      accounts: ['ZA', 'ZB', 'ZC'].map((accountId) => ({ ...account, accountId })),
      attempts: [...calls, { ...calls[0], attemptId: 'of', accountIds: ['ZC'], startedAt: '2026-11-20T18:00:00Z' }],
      request: { ...request, collector: vendor, at: '2026-11-26T12:00:00-05:00' },
    });
    const limit = body.limits.find(({ ruleId }: { ruleId: string }) => ruleId === 'us.regf.calls.seven-in-seven');
    expect(limit).toMatchObject({ accountId: 'ZA', used: 2, countedAttemptIds: ['z1', 'z3'] });
  });

  it('asks the versions that are named, whatever their dates', async () => {
    const { body } = await simulate(simulation({ policyVersions: ['us-nyc@2026-09-01', 'cn-credit-card@2026-02-01'] }));
    expect(body.policyVersion).toBe('cn-credit-card@2026-02-01+us-nyc@2026-09-01');
    const unknown = await simulate(simulation({ policyVersions: ['cn-credit-card@2026-02-01', 'xx@2026-01-01'] }));
    expect(unknown.status).toBe(404);
    expect(unknown.body.errors).toMatchObject([{ pointer: '/policyVersions/1', code: 'UNKNOWN_REFERENCE' }]);
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    [
      'a wrong number',
      { customer: { ...customer, parties: [{ ...customer.parties[0], contactPoints: [{ ...m1, value: '123' }] }] } },
      422,
      '/customer/parties/0/contactPoints/0/value PHONE_INVALID',
    ],
    [
      'an account of another',
      { accounts: [{ ...account, customerId: 'Z2' }] },
      404,
      '/accounts/0/customerId UNKNOWN_REFERENCE',
    ],
    [
      'an amount with too many decimals',
      { accounts: [account, { ...account, accountId: 'ZB', minimumPaymentDue: '1.001' }] },
      422,
      '/accounts/1/minimumPaymentDue TOO_PRECISE',
    ],
    ['an account twice', { accounts: [account, account] }, 422, '/accounts/1/accountId DUPLICATE'],
    [
      'a plan of no account',
      { plans: [{ planId: 'p', accountId: 'x', type: 't', status: 'active', agreedOn: '2026-01-01' }] },
      404,
      '/plans/0/accountId UNKNOWN_REFERENCE',
    ],
    [
      'a directive that ends before it starts',
      { directives: [{ kind: 'cease', from: at, until: at }] },
      422,
      '/directives/0/until OUT_OF_ORDER',
    ],
    [
      'a directive about nobody',
      { directives: [{ kind: 'cease', partyId: 'x' }] },
      404,
      '/directives/0/partyId UNKNOWN_REFERENCE',
    ],
    [
      'an attempt of nobody',
      { attempts: [{ ...call, startedAt: at, outcome: 'busy', partyId: 'x' }] },
      404,
      '/attempts/0/partyId UNKNOWN_REFERENCE',
    ],
    [
      'an attempt with no slot',
      { attempts: [{ ...call, startedAt: at, outcome: 'busy', reservationId: 'x' }] },
      404,
      '/attempts/0/reservationId UNKNOWN_REFERENCE',
    ],
    [
      'an attempt told twice',
      {
        attempts: [
          { ...call, startedAt: at, outcome: 'busy' },
          { ...call, startedAt: at, outcome: 'no_answer' },
        ],
      },
      422,
      '/attempts/1/attemptId DUPLICATE',
    ],
    [
      'an attempt ahead of the clock',
      { request, attempts: [{ ...call, startedAt: '2030-01-01T00:00:00Z', outcome: 'busy' }] },
      422,
      '/attempts/0/startedAt IN_THE_FUTURE',
    ],
    [
      'a slot twice',
      { reservations: [1, 2].map(() => ({ ...request, reservationId: 'r', reservedAt: at })) },
      422,
      '/reservations/1/reservationId DUPLICATE',
    ],
    [
      'a question about another',
      { request: { ...request, customerId: 'Z2' } },
      404,
      '/request/customerId UNKNOWN_REFERENCE',
    ],
    [
      'a question about no account',
      { request: { ...request, accountIds: ['x'] } },
      404,
      '/request/accountIds/0 UNKNOWN_REFERENCE',
    ],
    [
      'an unknown field',
      { attempts: [{ ...call, startedAt: at, outcome: 'busy', vip: true }] },
      400,
      '/attempts/0/vip UNKNOWN_FIELD',
    ],
  ])('refuses %s where it stands', async (_, more, status, error) => {
    const answer = await simulate(simulation(more));
    expect(answer.status).toBe(status);
    expect(answer.body.errors.map((one: { pointer: string; code: string }) => `${one.pointer} ${one.code}`)).toEqual([
      error,
    ]);
  });

  it('stores nothing and logs no number', async () => {
    const counts = async () => {
      const tables = ['customers', 'accounts', 'attempts', 'directives', 'reservations', 'decisions', 'budget_entries'];
      const { rows } = await t.database.pool.query(
        `SELECT ${tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ')}`,
      );
      return rows[0];
    };
    const before = await counts();
    expect((await simulate(simulation({ attempts: [{ ...call, startedAt: at, outcome: 'busy' }] }))).status).toBe(200);
    expect(await counts()).toEqual(before);
    expect(t.logged.filter((line) => /1?3800138000|张三/.test(line))).toEqual([]);
  });

  it('lets a vendor ask for itself only, whatever others did', async () => {
    const authorization = `Bearer ${await t.keyWith(['contact:check'], 'vendor-1')}`;
    const { collector: _, ...own } = { ...request, at };
    const body = simulation({ request: own, attempts: [{ ...call, startedAt: at, outcome: 'no_answer' }] });
    expect((await simulate(body, { authorization })).body.reasonCode).toBe('VENDOR_NOT_NOTIFIED');
    expect((await simulate(simulation(), { authorization })).status).toBe(403);
  });
});
