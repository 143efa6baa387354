import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refreshPolicy } from '../../src/policies/store.ts';
import { buildTestApp, type TestAnswer, type TestApp, type TestHeaders } from '../support/app.ts';
import { type PackText, packText } from '../support/pack.ts';

let t: TestApp;
let author: TestHeaders;
let reviewer: TestHeaders;
let publisher: TestHeaders;
let reader: TestHeaders;

beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
  const key = async (...scopes: Parameters<TestApp['keyWith']>[0]) => ({
    authorization: `Bearer ${await t.keyWith(scopes)}`,
  });
  author = await key('policy:read', 'policy:write', 'policy:publish');
  reviewer = await key('policy:read', 'policy:write');
  publisher = await key('policy:read', 'policy:publish');
  reader = await key('policy:read');
});
afterAll(() => t?.close());

/** A pack of its own for each test, so that none depends on another. */
let pack: string;
let packs = 0;
beforeEach(() => {
  packs += 1;
  pack = `zz-${packs}`;
});

const VERSION = '2027-01-01';
const textOf = (options: Partial<PackText> = {}) => packText({ pack, version: VERSION, ...options });
const path = (version = VERSION, rest = '') => `/v1/policy-packs/${pack}/versions/${version}${rest}`;

const draft = (source = textOf(), headers = author, query = '') =>
  t.call('POST', `/v1/policy-packs/${pack}/versions${query}`, { source }, headers);
const replace = (source: string, ifMatch?: string, headers = author) =>
  t.call('PUT', path(), { source }, ifMatch === undefined ? headers : { ...headers, 'if-match': ifMatch });
const submit = (headers = author, version = VERSION) => t.call('POST', path(version, '/submit'), undefined, headers);
const review = (decision: string, headers = reviewer, version = VERSION) =>
  t.call('POST', path(version, '/review'), { decision, comment: 'read against the notice' }, headers);
const publish = (body: object = {}, headers = publisher, version = VERSION) =>
  t.call('POST', path(version, '/publish'), body, headers);
const withdraw = (headers = publisher, version = VERSION) =>
  t.call('POST', path(version, '/withdraw'), { reason: 'postponed' }, headers);
const shadow = (enabled: boolean, headers = author, version = VERSION) =>
  t.call('POST', path(version, '/shadow'), { enabled }, headers);
const get = (version = VERSION, headers = reader) => t.call('GET', path(version), undefined, headers);

/** A version that went all the way. */
async function published(options: Partial<PackText> = {}, body: object = {}): Promise<TestAnswer> {
  const version = options.version ?? VERSION;
  await draft(textOf(options));
  await submit(author, version);
  await review('approve', reviewer, version);
  return publish(body, publisher, version);
}

const inForce = (instant: string, codes = ['ZZ']) =>
  t.services.policy
    .current()
    .inForceAt(codes, Temporal.Instant.from(instant).epochMilliseconds)
    .packs.map(({ id }) => id)
    .filter((id) => id.startsWith(`${pack}@`));

describe('a draft', () => {
  it('is stored with its author and hash, and found by both lists', async () => {
    const created = await draft();
    expect(created).toMatchObject({
      status: 201,
      body: {
        pack,
        version: VERSION,
        status: 'draft',
        origin: 'api',
        lifecycle: 'in_force',
        shadow: false,
        effectiveFrom: VERSION,
        effectiveUntil: null,
        source: textOf(),
        document: { pack, rules: [{ id: `${pack}.hours` }, { id: `${pack}.day` }] },
        history: [{ action: 'draft', comment: null }],
      },
      headers: { location: path() },
    });
    expect(created.body.authors).toHaveLength(1);
    expect((await get()).body).toEqual(created.body);
    const { items } = (await t.call('GET', '/v1/policy-packs', undefined, reader)).body;
    expect(items.find((one: { pack: string }) => one.pack === pack)).toEqual({
      pack,
      title: { zh: '测试', en: 'Test' },
      jurisdictions: ['ZZ'],
      versions: [
        {
          version: VERSION,
          status: 'draft',
          origin: 'api',
          lifecycle: 'in_force',
          shadow: false,
          effectiveFrom: VERSION,
          effectiveUntil: null,
          contentHash: created.body.contentHash,
        },
      ],
    });
    expect(inForce('2027-06-01T00:00:00Z')).toEqual([]);
  });

  it('sent twice is the same draft; another text for the same version is refused', async () => {
    const first = await draft();
    expect(await draft()).toMatchObject({ status: 200, body: first.body });
    expect(await draft(textOf({ to: '21:00' }))).toMatchObject({
      status: 409,
      body: { code: 'POLICY_VERSION_EXISTS' },
    });
  });

  it('with an error is refused with the line', async () => {
    const source = textOf().replace('max: 3', 'maximum: 3');
    const line = source.split('\n').findIndex((one) => one.includes('maximum')) + 1;
    expect(await draft(source)).toMatchObject({
      status: 422,
      body: { code: 'PACK_INVALID', errors: [{ pointer: '/source', code: 'PACK_INVALID', line }] },
    });
  });

  it('whose example does not hold is refused with the line', async () => {
    const examples =
      '\n  - { name: by day, at: "2027-06-01T12:00:00Z", expect: { permitted: false, reasons: [CALLING_HOURS] } }';
    const { status, body } = await draft(textOf({ examples }));
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'PACK_INVALID' });
    expect(body.errors[0].message).toContain('"by day" is permitted');
    expect(body.errors[0].line).toBeGreaterThan(30);
  });

  it.each([
    ['is no YAML', 'pack: [', 'PACK_INVALID'],
    ['is a list', '- pack', 'PACK_INVALID'],
    ['never ends', 'a: &a [*a]\n'.replace('*a', `${'*b, '.repeat(3)}*b`), 'PACK_INVALID'],
    [
      'repeats itself',
      `a: &a [1]\n${[...'bcdefghij'].map((x, i) => `${x}: &${x} [${`*${'abcdefghij'[i]}, `.repeat(9)}1]`).join('\n')}`,
      'PACK_INVALID',
    ],
    ['is nested too deep', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'PACK_INVALID'],
  ])('that %s is refused', async (_, source, code) => {
    expect(await draft(source)).toMatchObject({ status: 422, body: { code } });
  });

  it('of another pack than the path is refused', async () => {
    expect(await draft(packText({ pack: 'zz-other', version: VERSION }))).toMatchObject({
      status: 422,
      body: { code: 'UNPROCESSABLE', errors: [{ pointer: '/source', code: 'INVALID_VALUE' }] },
    });
  });

  it('of a version that ships with the release is refused', async () => {
    const source = packText({ pack: 'cn-credit-card', version: '2026-02-01' });
    const path = '/v1/policy-packs/cn-credit-card/versions';
    expect(await t.call('POST', path, { source }, author)).toMatchObject({ body: { code: 'POLICY_VERSION_EXISTS' } });
  });

  it('is only checked with validateOnly', async () => {
    expect(await draft(textOf(), author, '?validateOnly=true')).toMatchObject({
      status: 200,
      body: { status: 'draft', etag: null, history: [] },
    });
    expect((await get()).status).toBe(404);
    expect((await draft('pack: x', author, '?validateOnly=true')).status).toBe(422);
    expect((await draft(textOf(), author, '?validateOnly=perhaps')).status).toBe(400);
  });
});

describe('replacing a draft', () => {
  it('needs the tag of the state that was read', async () => {
    const { headers } = await draft();
    const etag = String(headers.etag);
    const text = textOf({ to: '21:00' });
    expect(await replace(text)).toMatchObject({ status: 428, body: { code: 'PRECONDITION_REQUIRED' } });
    expect(await replace(text, '"v7"')).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
    const changed = await replace(text, etag, reviewer);
    expect(changed).toMatchObject({ status: 200, body: { source: text, history: [{}, { action: 'edit' }] } });
    expect(changed.body.authors).toHaveLength(2);
    expect(changed.headers.etag).not.toBe(etag);
    expect(await replace(textOf({ to: '20:00' }), etag)).toMatchObject({ status: 412 });
  });

  it('keeps its version', async () => {
    const { headers } = await draft();
    expect(await replace(textOf({ version: '2027-02-01' }), String(headers.etag))).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/source' }] },
    });
  });

  it('is refused in review, and possible again after a rejection', async () => {
    await draft();
    const { headers } = await submit();
    expect(await replace(textOf({ to: '21:00' }), String(headers.etag))).toMatchObject({
      status: 409,
      body: { code: 'POLICY_STATE' },
    });
    const rejected = await review('reject');
    expect(rejected.body.status).toBe('rejected');
    expect((await submit()).body.code).toBe('POLICY_STATE');
    const again = await replace(textOf({ to: '21:00' }), String(rejected.headers.etag));
    expect(again.body.status).toBe('draft');
    expect((await submit()).body.status).toBe('in_review');
  });
});

describe('four eyes', () => {
  it('an author may neither approve nor publish, whoever wrote last', async () => {
    const { headers } = await draft();
    await replace(textOf({ to: '21:00' }), String(headers.etag), reviewer);
    await submit();
    const refused = { status: 403, body: { code: 'FOUR_EYES' } };
    for (const one of [author, reviewer]) expect(await review('approve', one)).toMatchObject(refused);
    const third = { authorization: `Bearer ${await t.keyWith(['policy:write'])}` };
    expect((await review('approve', third)).body.status).toBe('approved');
    expect(await publish({}, author)).toMatchObject(refused);
    expect((await get()).body.status).toBe('approved');
    expect((await publish({}, publisher)).body.status).toBe('published');
  });

  it('nobody but an author submits', async () => {
    await draft();
    expect(await submit(reviewer)).toMatchObject({ status: 403, body: { code: 'FOUR_EYES' } });
  });

  it('nothing is published that was not approved', async () => {
    await draft();
    const refused = { status: 409, body: { code: 'POLICY_STATE' } };
    expect(await publish()).toMatchObject(refused);
    expect(await review('approve')).toMatchObject(refused);
    await submit();
    expect(await publish()).toMatchObject(refused);
    await review('reject');
    expect(await publish()).toMatchObject(refused);
  });

  it('each step needs its scope', async () => {
    await draft();
    await submit();
    await review('approve');
    const refused = { status: 403, body: { code: 'FORBIDDEN' } };
    expect(await publish({}, reviewer)).toMatchObject(refused);
    expect(await draft(textOf(), reader)).toMatchObject(refused);
    expect(await shadow(true, publisher)).toMatchObject(refused);
  });

  it('who took which step stands in the history, and a repeat after a lost answer adds none', async () => {
    await draft();
    await submit();
    await submit();
    await review('approve');
    await review('approve');
    await publish();
    const { body } = await publish();
    expect(body.history.map(({ action }: { action: string }) => action)).toEqual([
      'draft',
      'submit',
      'approve',
      'publish',
    ]);
    expect(new Set(body.history.map(({ clientId }: { clientId: string }) => clientId)).size).toBe(3);
    expect(body.history[2]).toMatchObject({ comment: 'read against the notice', contentHash: body.contentHash });
  });
});

describe('publication', () => {
  it('takes effect on its day, at once in this process, and is told in its transaction', async () => {
    await published();
    expect(inForce('2026-12-31T23:59:59Z')).toEqual([]);
    expect(inForce('2027-01-01T00:00:00Z')).toEqual([`${pack}@${VERSION}`]);
    const { rows } = await t.database.pool.query(
      `SELECT type, data FROM outbox_events WHERE subject_key = $1 ORDER BY event_id`,
      [pack],
    );
    expect(rows).toMatchObject([
      { type: 'policy.published', data: { pack, version: VERSION, effectiveFrom: '2027-01-01T00:00:00+00:00' } },
    ]);
  });

  it('ends the version before', async () => {
    await published();
    await published({ version: '2027-06-01', to: '21:00' });
    expect([inForce('2027-05-31T23:59:59Z'), inForce('2027-06-01T00:00:00Z')]).toEqual([
      [`${pack}@${VERSION}`],
      [`${pack}@2027-06-01`],
    ]);
  });

  it.each([
    ['overlaps', { version: '2027-06-01', effectiveFrom: '2026-12-01', effectiveUntil: '2027-02-01' }],
    ['leaves a gap', { version: '2026-12-01', effectiveUntil: '2026-12-31' }],
    ['starts on the same day', { version: '2027-06-01', effectiveFrom: VERSION }],
  ])('of a version that %s is refused when it is handed in, naming both', async (_, options) => {
    await published();
    await draft(textOf(options));
    const { status, body } = await submit(author, options.version);
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'POLICY_TIMELINE' });
    expect(body.detail).toContain(`${pack}@${VERSION}`);
    expect(body.detail).toContain(`${pack}@${options.version}`);
  });

  it('of two at once that would overlap is refused for one', async () => {
    for (const version of ['2027-02-01', '2027-03-01']) {
      await draft(textOf({ version, effectiveFrom: VERSION }));
      await submit(author, version);
      await review('approve', reviewer, version);
    }
    const answers = await Promise.all(['2027-02-01', '2027-03-01'].map((version) => publish({}, publisher, version)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('POLICY_TIMELINE');
  });

  it('less than a minute ahead needs an acknowledgement with a reason', async () => {
    const options = { version: '2026-11-01' };
    expect(await published(options)).toMatchObject({
      status: 422,
      body: { code: 'UNPROCESSABLE', errors: [{ pointer: '/acknowledgeBackdated', code: 'REQUIRED' }] },
    });
    expect(await publish({ acknowledgeBackdated: true }, publisher, options.version)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/reason' }] },
    });
    expect(inForce('2026-11-23T00:00:00Z')).toEqual([]);
    const body = { acknowledgeBackdated: true, reason: 'order of the court' };
    expect((await publish(body, publisher, options.version)).body.history.at(-1)).toMatchObject({
      action: 'publish',
      comment: 'order of the court',
    });
    expect(inForce('2026-11-23T00:00:00Z')).toEqual([`${pack}@2026-11-01`]);
  });

  it('is for ever: the text can no more be replaced, by nobody', async () => {
    const { headers } = await published();
    expect(await replace(textOf({ to: '21:00' }), String(headers.etag))).toMatchObject({
      status: 409,
      body: { code: 'POLICY_STATE' },
    });
    const key = [pack, VERSION];
    for (const statement of [
      `UPDATE policy_versions SET content_hash = (SELECT min(content_hash) FROM policy_sources WHERE pack <> $1) WHERE pack = $1 AND version = $2`,
      `UPDATE policy_versions SET status = 'draft' WHERE pack = $1 AND version = $2`,
      `UPDATE policy_versions SET authors = '{}' WHERE pack = $1 AND version = $2`,
      `DELETE FROM policy_versions WHERE pack = $1 AND version = $2`,
      `UPDATE policy_sources SET source = '' WHERE pack = $1 AND version = $2`,
      `DELETE FROM policy_sources WHERE pack = $1 AND version = $2`,
      `UPDATE policy_version_steps SET client_id = 'x' WHERE pack = $1 AND version = $2`,
      `DELETE FROM policy_version_steps WHERE pack = $1 AND version = $2`,
    ])
      await expect(t.database.pool.query(statement, key), statement).rejects.toThrow(/immutable|append-only|deleted/);
  });
});

describe('withdrawing', () => {
  it('lets the version before go on, and the text is still found', async () => {
    await published();
    await published({ version: '2027-06-01', to: '21:00' });
    expect((await withdraw(publisher, '2027-06-01')).body.status).toBe('withdrawn');
    expect(inForce('2027-06-01T00:00:00Z')).toEqual([`${pack}@${VERSION}`]);
    expect(t.services.policy.current().byId(`${pack}@2027-06-01`)?.document.version).toBe('2027-06-01');
  });

  it('is refused from the day it takes effect, and where it would leave a gap', async () => {
    await published();
    await published({ version: '2027-06-01', effectiveUntil: '2027-07-01' });
    await published({ version: '2027-07-01' });
    expect((await withdraw(publisher, '2027-06-01')).status).toBe(200);
    t.setNow('2027-01-01T00:00:00Z');
    try {
      expect(await withdraw()).toMatchObject({ status: 409, body: { code: 'POLICY_STATE' } });
    } finally {
      t.setNow('2026-11-23T10:00:00+08:00');
    }
  });

  it('of one between two dated ones is refused', async () => {
    await published({ version: '2027-01-01', effectiveUntil: '2027-06-01' });
    await published({ version: '2027-06-01' });
    await published({ version: '2027-07-01' });
    expect(await withdraw(publisher, '2027-06-01')).toMatchObject({ status: 409, body: { code: 'POLICY_TIMELINE' } });
  });

  it('is not for drafts or for versions of the release', async () => {
    await draft();
    expect(await withdraw()).toMatchObject({ status: 409, body: { code: 'POLICY_STATE' } });
    const shipped = '/v1/policy-packs/cn-credit-card/versions/2026-02-01/withdraw';
    expect(await t.call('POST', shipped, { reason: 'no' }, publisher)).toMatchObject({
      body: { code: 'POLICY_STATE' },
    });
    expect((await withdraw(publisher, '2029-01-01')).status).toBe(404);
  });
});

describe('shadow', () => {
  const watchedAt = (instant: string) =>
    t.services.policy
      .current()
      .inForceAt(['ZZ'], Temporal.Instant.from(instant).epochMilliseconds)
      .shadow.map(({ id }) => id)
      .filter((id) => id.startsWith(`${pack}@`));

  it('runs a draft now, follows its changes, and ends with a rejection', async () => {
    const { body } = await draft();
    expect(watchedAt('2026-11-23T02:00:00Z')).toEqual([]);
    const running = await shadow(true);
    expect(running.body.shadow).toBe(true);
    expect(watchedAt('2026-11-23T02:00:00Z')).toEqual([`${pack}@${VERSION}`]);
    expect(inForce('2027-06-01T00:00:00Z')).toEqual([]);
    const changed = await replace(textOf({ to: '21:00' }), String(running.headers.etag));
    const now = t.services.policy.current().byId(`${pack}@${VERSION}`);
    expect(now?.contentHash).toBe(changed.body.contentHash);
    expect(now?.contentHash).not.toBe(body.contentHash);
    await submit();
    await review('reject');
    expect(watchedAt('2026-11-23T02:00:00Z')).toEqual([]);
  });

  it('runs a published version until its day, and can be switched off', async () => {
    await draft();
    await shadow(true);
    await submit();
    await review('approve');
    await publish();
    expect([watchedAt('2026-12-31T23:59:59Z'), watchedAt('2027-01-01T00:00:00Z')]).toEqual([
      [`${pack}@${VERSION}`],
      [],
    ]);
    expect((await shadow(false)).body.shadow).toBe(false);
    expect(watchedAt('2026-12-31T23:59:59Z')).toEqual([]);
  });

  it('is not for what was rejected', async () => {
    await draft();
    await submit();
    await review('reject');
    expect(await shadow(true)).toMatchObject({ status: 409, body: { code: 'POLICY_STATE' } });
  });
});

describe('reading a version', () => {
  it('of the release gives its file, and 304 to whom has it', async () => {
    const shipped = '/v1/policy-packs/cn-credit-card/versions/2026-02-01';
    const first = await t.call('GET', shipped, undefined, reader);
    expect(first.body).toMatchObject({ status: 'published', origin: 'release', authors: [], history: [] });
    expect(first.body.source).toContain('pack: cn-credit-card');
    expect(first.body.document.rules.length).toBeGreaterThan(10);
    const etag = String(first.headers.etag);
    for (const tag of [etag, `"other", ${etag}`, '*', `W/${etag}`]) {
      const again = await t.call('GET', shipped, undefined, { ...reader, 'if-none-match': tag });
      expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await t.call('GET', shipped, undefined, { ...reader, 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('of the API changes its tag with every step', async () => {
    const tags = [(await draft()).headers.etag, (await submit()).headers.etag, (await review('approve')).headers.etag];
    expect(new Set(tags).size).toBe(3);
    expect((await get()).headers.etag).toBe(tags[2]);
  });

  it('that is not there is 404', async () => {
    expect((await get('2031-01-01')).status).toBe(404);
    expect((await t.call('GET', '/v1/policy-packs/nothing/versions/2027-01-01', undefined, reader)).status).toBe(404);
    for (const answer of [await submit(author, '2031-01-01'), await publish({}, publisher, '2031-01-01')])
      expect(answer.status).toBe(404);
  });
});

it('a second process that polls sees the same', async () => {
  const twin = await buildTestApp({ database: t.database });
  try {
    await published();
    const at = Temporal.Instant.from('2027-06-01T00:00:00Z').epochMilliseconds;
    const idsOf = () =>
      twin.services.policy
        .current()
        .inForceAt(['ZZ'], at)
        .packs.map(({ id }) => id);
    expect(idsOf()).not.toContain(`${pack}@${VERSION}`);
    await refreshPolicy(twin.services);
    expect(idsOf()).toContain(`${pack}@${VERSION}`);
  } finally {
    await twin.close();
  }
});
