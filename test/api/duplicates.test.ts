import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf, importFile, UCI_SAMPLE } from '../support/imports.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

let t: TestApp;
let worker: Worker | undefined;
let made = 0;

beforeAll(async () => {
  t = await buildTestApp();
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(() => t?.close());

async function ok(answer: ReturnType<TestApp['call']>) {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}
interface Sent {
  readonly name?: string;
  readonly residentId?: string | null;
  readonly birthDate?: string;
  readonly phone?: string;
  readonly address?: string;
}
const put = (id: string, { name = '赵钱', residentId = null, birthDate, phone = freshPhone(), address }: Sent = {}) => {
  const contactPoints = [
    { contactPointId: 'm1', kind: 'phone', value: phone },
    ...(address === undefined ? [] : [{ contactPointId: 'a1', kind: 'postal', value: address }]),
  ];
  const parties = [{ partyId: 'self', role: 'debtor', name, contactPoints }];
  return ok(t.call('PUT', `/v1/customers/${id}`, { name, residentId, birthDate, parties }));
};
const customer = (id: string) => ok(t.call('GET', `/v1/customers/${id}`));
const candidatesOf = async (id: string, query = '') =>
  (await ok(t.call('GET', `/v1/duplicate-candidates?customerId=${id}${query}`))).items;
const freshPhone = () => {
  made += 1;
  return `1370000${String(made).padStart(4, '0')}`;
};
const dismiss = (id: string, reason = 'two people') =>
  t.call('POST', `/v1/duplicate-candidates/${id}/dismiss`, { reason });
const decide = (id: string, survivorId: string) =>
  t.call('POST', `/v1/duplicate-candidates/${id}/merge`, { survivorId, reason: 'one card' });
const search = (body: object) => t.call('POST', '/v1/customers/search', body);
const found = async (body: object) =>
  (await ok(search(body))).items.map((item: { customer: { customerId: string } }) => item.customer.customerId);

describe('a candidate', () => {
  it('is found when a customer comes who has name and number of another, with what speaks for it', async () => {
    const phone = freshPhone();
    await put('C-1', { phone, birthDate: '1980-05-06', address: '北京市朝阳区建国路1号' });
    await put('C-2', { phone: `+86 ${phone}`, birthDate: '1980-05-06', address: '北京市朝阳区建国路2号' });
    const [candidate, ...others] = await candidatesOf('C-2');
    expect(others).toEqual([]);
    expect(candidate).toMatchObject({
      customerIds: ['C-1', 'C-2'],
      status: 'open',
      key: 'name_and_phone',
      score: 0.991,
      evidence: { phones: 1, birthDate: 'equal', addressSimilarity: 0.909 },
      ruleVersion: '2026-11-01',
      settledAt: null,
      mergeId: null,
    });
    // It is never a merge by itself.
    expect((await customer('C-1')).sameAs).toEqual([]);
    const events = await t.database.db
      .selectFrom('outbox_events')
      .select('data')
      .where('type', '=', 'duplicate.found')
      .execute();
    expect(events.map(({ data }) => data)).toContainEqual({
      candidateId: candidate.candidateId,
      customerId: 'C-1',
      otherCustomerId: 'C-2',
      score: 0.991,
      ruleVersion: '2026-11-01',
    });
    expect(await ok(t.call('GET', '/v1/duplicate-candidates?status=dismissed&customerId=C-1'))).toEqual({
      items: [],
      nextCursor: null,
    });
  });

  it('that is merged is a merge with its effects, and one that is undone is not found again', async () => {
    const phone = freshPhone();
    await put('M-1', { phone });
    await put('M-2', { phone });
    const [{ candidateId }] = await candidatesOf('M-1');
    expect((await decide(candidateId, 'C-1')).body.errors).toEqual([
      expect.objectContaining({ pointer: '/survivorId' }),
    ]);
    const merge = await ok(decide(candidateId, 'M-2'));
    expect(merge).toMatchObject({
      survivorId: 'M-2',
      mergedId: 'M-1',
      basis: 'candidate',
      candidateId,
      reason: 'one card',
    });
    expect(await ok(decide(candidateId, 'M-2'))).toEqual(merge);
    expect((await decide(candidateId, 'M-1')).body.code).toBe('CANDIDATE_SETTLED');
    expect((await dismiss(candidateId)).body.code).toBe('CANDIDATE_SETTLED');
    expect((await candidatesOf('M-1'))[0]).toMatchObject({
      status: 'merged',
      mergeId: merge.mergeId,
      reason: 'one card',
      clientId: 'admin',
    });
    expect(await customer('M-1')).toMatchObject({ sameAs: ['M-2'], survivorId: 'M-2' });
    await ok(t.call('POST', `/v1/customer-merges/${merge.mergeId}/undo`, { reason: 'no' }));
    await put('M-1', { phone, address: '上海市' });
    expect((await candidatesOf('M-1')).map(({ status }: { status: string }) => status)).toEqual(['dismissed']);
  });

  it('that was dismissed is not found again', async () => {
    const phone = freshPhone();
    await put('X-1', { phone });
    await put('X-2', { phone });
    const [{ candidateId }] = await candidatesOf('X-1');
    const dismissed = await ok(dismiss(candidateId));
    expect(dismissed).toMatchObject({
      status: 'dismissed',
      reason: 'two people',
      settledAt: '2026-11-23T10:00:00+08:00',
    });
    expect(await ok(dismiss(candidateId))).toEqual(dismissed);
    const masked = { authorization: `Bearer ${await t.keyWith(['customers:read'])}` };
    const seen = await ok(t.call('GET', '/v1/duplicate-candidates?status=dismissed', undefined, masked));
    expect(seen.items.map(({ reason }: { reason: string | null }) => reason)).not.toContain(dismissed.reason);
    await put('X-2', { phone, birthDate: '1980-05-06' });
    expect(await candidatesOf('X-1')).toEqual([dismissed]);
  });

  it('is withdrawn when nothing speaks for it any more, and open again when it does', async () => {
    const phone = freshPhone();
    await put('W-1', { phone });
    await put('W-2', { phone });
    const statuses = async () => (await candidatesOf('W-1')).map(({ status }: { status: string }) => status);
    await put('W-2', { phone, name: '孙李' });
    expect(await statuses()).toEqual(['withdrawn']);
    await put('W-2', { phone });
    expect(await statuses()).toEqual(['open']);
    await put('W-1', { phone, residentId: residentIdOf(1, '1971-01-01') });
    expect(await statuses()).toEqual(['open']);
    await put('W-2', { phone, residentId: residentIdOf(1, '1971-01-01') });
    expect([await statuses(), (await customer('W-1')).sameAs]).toEqual([['withdrawn'], ['W-2']]);
  });

  it('is none for a family with one telephone, whose numbers are marked', async () => {
    const phone = freshPhone();
    await put('F-1', { phone, residentId: residentIdOf(1, '1972-01-01') });
    expect((await customer('F-1')).parties[0].contactPoints[0].sharedPhone).toBe(false);
    await put('F-2', { phone, residentId: residentIdOf(2, '1972-01-01') });
    expect(await candidatesOf('F-1')).toEqual([]);
    for (const id of ['F-1', 'F-2']) {
      const { sameAs, parties } = await customer(id);
      expect([sameAs, parties[0].contactPoints[0].sharedPhone]).toEqual([[], true]);
    }
    await ok(t.call('POST', '/v1/customer-merges', { survivorId: 'F-1', mergedId: 'F-2', reason: 'two ids' }));
    expect((await customer('F-1')).parties[0].contactPoints[0].sharedPhone).toBe(false);
  });

  it('is none by a number that a whole office has', async () => {
    const phone = freshPhone();
    for (let no = 0; no < 22; no += 1) await put(`O-${no}`, { phone, residentId: residentIdOf(no, '1973-01-01') });
    await put('O-22', { phone });
    await put('O-23', { phone });
    expect(await candidatesOf('O-23')).toEqual([]);
  });

  it('stands in pages, the newest first', async () => {
    const first = await ok(t.call('GET', '/v1/duplicate-candidates?limit=1'));
    const second = await ok(t.call('GET', `/v1/duplicate-candidates?limit=1&cursor=${first.nextCursor}`));
    const all = (await ok(t.call('GET', '/v1/duplicate-candidates'))).items;
    expect([...first.items, ...second.items]).toEqual(all.slice(0, 2));
    expect((await t.call('GET', `/v1/duplicate-candidates?status=open&cursor=${first.nextCursor}`)).status).toBe(400);
  });
});

describe('a search through the portfolio', () => {
  const searched = async (body: object = {}) => {
    worker = await startWorker(t.services, background, t.app.log);
    const { searchId } = await ok(t.call('POST', '/v1/duplicate-searches', body));
    const get = () => ok(t.call('GET', `/v1/duplicate-searches/${searchId}`));
    await expect.poll(async () => (await get()).status).toBe('completed');
    return get();
  };

  it('finds what an import brought, and nobody among people who are equal in everything but their ids', async () => {
    worker = await startWorker(t.services, background, t.app.log);
    const imported = await importFile(t, UCI_SAMPLE, 'source=uci');
    expect(imported.accepted).toBe(195);
    await worker.stop();
    const { customersRead, candidatesFound } = await searched();
    expect([customersRead, candidatesFound]).toEqual([await countOf(t, 'customers'), 0]);
    for (const id of ['uci-19', 'uci-13107'])
      expect(await customer(id)).toMatchObject({
        sameAs: [],
        survivorId: null,
        residentIdCheck: expect.not.stringMatching('^valid$'),
      });
    expect((await customer('uci-19')).residentId).not.toBe((await customer('uci-13107')).residentId);
  });

  it('looks at those that were changed since, and tells how many were new', async () => {
    const phone = freshPhone();
    await put('S-1', { phone });
    await put('S-2', { phone });
    await t.database.db.deleteFrom('duplicate_candidates').where('customer_id', '=', 'S-1').execute();
    t.setNow('2026-11-24T10:00:00+08:00');
    await put('S-2', { phone, name: '赵 钱' });
    await t.database.db.deleteFrom('duplicate_candidates').where('customer_id', '=', 'S-1').execute();
    expect(await searched({ changedSince: '2026-11-24T00:00:00+08:00' })).toMatchObject({
      status: 'completed',
      customersRead: 1,
      candidatesFound: 1,
      finishedAt: '2026-11-24T10:00:00+08:00',
    });
    t.setNow('2026-11-23T10:00:00+08:00');
  });

  it('of more customers than one batch reads every one of them once', async () => {
    await t.database.pool.query(`
      INSERT INTO customers (customer_id, debtor_key, name_sealed, language, jurisdictions, time_zones, content_key, version, created_at, updated_at)
      SELECT 'bulk-' || n, sha256(n::text::bytea), '', 'zh-CN', '{CN}', '{}', '', 1, now(), now() FROM generate_series(1, 1200) n`);
    expect((await searched()).customersRead).toBe(await countOf(t, 'customers'));
  });
});

describe('customers are found', () => {
  it('by an id of theirs or of an account, by resident id and by number, with the accounts and the survivor', async () => {
    const residentId = residentIdOf(3, '1974-01-01');
    await makeDebtor(t, 'Q-1', { phone: '13655550101', residentId });
    await makeDebtor(t, 'Q-2', { phone: '13655550102' });
    await ok(t.call('POST', '/v1/customer-merges', { survivorId: 'Q-1', mergedId: 'Q-2', reason: 'x' }));
    const expected = [{ customer: await customer('Q-2'), accountIds: ['Q-2-A1'] }];
    expect(expected[0]!.customer).toMatchObject({ sameAs: ['Q-1'], survivorId: 'Q-1' });
    for (const body of [{ customerId: 'Q-2' }, { accountId: 'Q-2-A1' }, { phone: '0136-5555-0102' }])
      expect(await ok(search(body))).toEqual({ items: expected, nextCursor: null });
    expect(await found({ residentId: ` ${residentId.toLowerCase()} ` })).toEqual(['Q-1']);
    expect(await found({ residentId: residentId.slice(0, 6) + residentId.slice(8, 17) })).toEqual(['Q-1']);
    for (const body of [
      { customerId: 'nobody' },
      { accountId: 'none' },
      { phone: '13655550109' },
      { residentId: 'none' },
    ])
      expect(await found(body)).toEqual([]);
  });

  it('in pages, in the order of their ids', async () => {
    for (const no of [1, 2, 3]) await put(`P-${no}`, { phone: '13655550110', name: `张${no}` });
    const first = await ok(search({ phone: '13655550110', limit: 2 }));
    const rest = await ok(
      search({ phone: '+8613655550110', limit: 2, cursor: first.nextCursor }).then(async (answer) => {
        expect(answer.status).toBe(400);
        return search({ phone: '13655550110', limit: 2, cursor: first.nextCursor });
      }),
    );
    expect([...first.items, ...rest.items].map((item) => item.customer.customerId)).toEqual(['P-1', 'P-2', 'P-3']);
    expect(rest.nextCursor).toBeNull();
  });

  it('masked for a key that may not read personal data, and by one thing at a time', async () => {
    const authorization = `Bearer ${await t.keyWith(['customers:read'])}`;
    const { body } = await t.call('POST', '/v1/customers/search', { customerId: 'Q-1' }, { authorization });
    expect(JSON.stringify(body)).not.toMatch(/张三|13655550101|110105197401/);
    expect(body.items[0].customer).toMatchObject({ masked: true, name: '张*' });
    for (const wrong of [{}, { customerId: 'Q-1', phone: '13655550101' }, { limit: 3 }])
      expect((await search(wrong)).body.code).toBe('VALIDATION_FAILED');
    expect((await search({ phone: '12' })).body.errors[0]).toMatchObject({ pointer: '/phone', code: 'PHONE_INVALID' });
  });
});

describe('facts of identity', () => {
  it('are kept, judged, masked, and refused when they have no meaning', async () => {
    const parties = [
      { partyId: 'self', role: 'debtor', name: '钱多', contactPoints: [] },
      { partyId: 'firm', role: 'employer', name: '某公司', socialCreditCode: ' ９1110000600037341L' },
    ];
    const body = { name: '钱多', residentId: residentIdOf(5, '1975-05-05'), birthDate: '1975-05-05', parties };
    const kept = await ok(t.call('PUT', '/v1/customers/I-1', body));
    expect(kept).toMatchObject({
      residentIdCheck: 'valid',
      birthDate: '1975-05-05',
      parties: [
        { socialCreditCode: null, socialCreditCodeValid: null },
        { socialCreditCode: '91110000600037341L', socialCreditCodeValid: true },
      ],
    });
    const authorization = `Bearer ${await t.keyWith(['customers:read'])}`;
    const masked = (await t.call('GET', '/v1/customers/I-1', undefined, { authorization })).body;
    expect(masked).toMatchObject({
      birthDate: '1975-**-**',
      parties: [{}, { socialCreditCode: '911***********341L' }],
    });
    const sealed = await t.database.pool.query(
      `SELECT c.*, p.* FROM customers c JOIN parties p USING (customer_id) WHERE customer_id = 'I-1'`,
    );
    expect(sealed.rows.map((row) => Object.values(row).map(String).join()).join()).not.toMatch(
      /1975-05-05|91110000600037341L/,
    );
    const errors = async (more: object) =>
      (await t.call('PUT', '/v1/customers/I-2', { ...body, ...more })).body.errors.map(
        (error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`,
      );
    expect(await errors({ birthDate: '2026-11-25' })).toEqual(['/birthDate IN_THE_FUTURE']);
    expect(await errors({ birthDate: '1975-**-**' })).toEqual(['/birthDate INVALID_FORMAT']);
    expect(await errors({ parties: [{ ...parties[0], socialCreditCode: '911' }] })).toEqual([
      '/parties/0/socialCreditCode INVALID_FORMAT',
    ]);
    expect(
      await errors({ parties: [{ ...parties[0], socialCreditCode: masked.parties[1].socialCreditCode }] }),
    ).toEqual(['/parties/0/socialCreditCode INVALID_FORMAT']);
  });

  it.each([
    ['wrong_check_character', '110105194912310021'],
    ['wrong_date', residentIdOf(1, '1949-02-30')],
    ['wrong_date', residentIdOf(1, '2026-11-25')],
    ['wrong_region', residentIdOf(1, '1949-12-31', '980105')],
  ])('say %s of a resident id that cannot be right, and match nobody by it', async (check, residentId) => {
    made += 1;
    const ids = [`J-${made}a`, `J-${made}b`];
    for (const id of ids) await put(id, { residentId });
    expect(await customer(ids[1]!)).toMatchObject({ residentIdCheck: check, sameAs: [] });
    expect(await found({ residentId })).toEqual(ids);
  });

  it('keep a person’s contacts with the person when an older release had matched by a wrong id', async () => {
    const wrong = '110105194912310021';
    await makeDebtor(t, 'L-1', { phone: '13655550201', residentId: wrong });
    await ok(
      t.call('POST', '/v1/contact-attempts', reportOf('L-1', 'L-1:1', '2026-11-23T09:50:00+08:00', 'no_answer')),
    );
    const key = t.services.vault.index('resident_id', wrong);
    // As the older release has written it.
    for (const [table, column] of [
      ['customers', 'debtor_key'],
      ['parties', 'person_key'],
      ['attempts', 'person_key'],
      ['contact_profiles', 'debtor_key'],
    ])
      await t.database.pool.query(
        `UPDATE ${table} SET ${column} = $1 WHERE customer_id = 'L-1' ${table === 'parties' ? `AND role = 'debtor'` : ''}`,
        [key],
      );
    await t.database.pool.query(
      `UPDATE budget_entries SET subject_key = $1 WHERE customer_id = 'L-1' AND subject_key = $2`,
      [key, t.services.vault.index('customer', 'L-1')],
    );
    expect(await found({ residentId: wrong })).toContain('L-1');
    await put('L-1', { residentId: wrong, phone: '13655550202' });
    const { rows } = await t.database.pool.query(`SELECT debtor_key FROM customers WHERE customer_id = 'L-1'`);
    expect(rows[0].debtor_key).toEqual(t.services.vault.index('customer', 'L-1'));
    expect((await ok(t.call('POST', '/v1/contact-permissions', askFor('L-1')))).reasonCode).toBe('MINIMUM_GAP');
  });
});
