import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';
import { ensureDevelopmentKeys } from '../../src/development-keys.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { askFor, makeDebtor } from '../support/make.ts';
import { fencedBlocks } from '../support/readme.ts';

const NOW = '2026-11-23T10:00:00+08:00';

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}
const KEYS = { k1: `k1:${newKey()}`, k2: `k2:${newKey()}` };

let database: TestDatabase;
let t: TestApp;
const apps: TestApp[] = [];

/** One more replica on the same database, with these signing keys. */
async function replica(signingKeys: string | null): Promise<TestApp> {
  const settings = signingKeys === null ? {} : { TOKEN_SIGNING_KEYS: signingKeys };
  const app = await buildTestApp({ now: NOW, database, settings });
  apps.push(app);
  return app;
}

beforeAll(async () => {
  database = await createTestDatabase();
  t = await replica(KEYS.k1);
});
afterAll(async () => {
  for (const app of apps) await app.close();
  await database.drop();
});

let made = 0;
/** A debtor of its own for each test, so that no slot is in the way of another. */
async function newDebtor(): Promise<{ id: string; phone: string }> {
  made += 1;
  const debtor = { id: `T${made}`, phone: `138001390${String(made).padStart(2, '0')}` };
  await makeDebtor(t, debtor.id, { phone: debtor.phone });
  return debtor;
}

async function reserve(app: TestApp, id: string, overrides: Record<string, unknown> = {}) {
  const { status, body } = await app.call(
    'POST',
    '/v1/contact-permissions',
    askFor(id, { mode: 'reserve', ...overrides }),
  );
  expect([status, body.permitted], JSON.stringify(body)).toEqual([200, true]);
  return body as { reservationId: string; decisionId: string; permissionToken: string | null };
}

async function keySetOf(app: TestApp) {
  const { status, body, headers } = await app.call('GET', '/.well-known/jwks.json', undefined, { authorization: '' });
  expect(status).toBe(200);
  return { keySet: body as { keys: { kid: string; d?: string }[] }, headers };
}

const verify = async (app: TestApp, token: string) =>
  jwtVerify(token, createLocalJWKSet((await keySetOf(app)).keySet as never), { currentDate: new Date(NOW) });

const SNIPPET = fencedBlocks(readFileSync('README.md', 'utf8')).find(({ text }) => text.includes('jwtVerify'))!.text;

interface Line {
  readonly token: string;
  readonly collectorId?: string;
  readonly e164: string;
  readonly now?: string;
}

/** What the README's own code says of each call, in one process that knows nothing but the key set. */
async function verdictsOf(lines: readonly Line[], keySet: object): Promise<string[]> {
  const program = `${SNIPPET}
    const { lines, keySet } = JSON.parse(process.env.CASES);
    const used = new Set();
    for (const { now, ...line } of lines)
      await verifyCall(line.token, { collectorId: 'bank', keySet, used, ...line, now: new Date(now ?? '${NOW}') })
        .then(() => console.log('dial'), (error) => console.log(error.code ?? error.message));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { CASES: JSON.stringify({ lines, keySet }) },
    encoding: 'utf8',
  });
  return output.trimEnd().split('\n');
}

describe('a permitted reservation', () => {
  test('carries a token that says what was permitted and nothing of whom', async () => {
    const { id, phone } = await newDebtor();
    const { permissionToken, reservationId, decisionId } = await reserve(t, id);
    const { payload, protectedHeader } = await verify(t, permissionToken!);
    expect(protectedHeader).toEqual({ alg: 'EdDSA', kid: 'k1', typ: 'permission+jwt' });
    expect(payload).toEqual({
      iss: 'collections-rules-service',
      aud: 'bank',
      jti: reservationId,
      decisionId,
      channel: 'voice',
      adr: expect.stringMatching(/^[\w-]{43}$/),
      nbf: Date.parse(NOW) / 1000,
      exp: Date.parse(NOW) / 1000 + 180,
    });
    // The random part may hold any short text.
    const readable = JSON.stringify([{ ...payload, adr: '' }, protectedHeader]);
    for (const personal of [phone, id, '张三']) expect(readable).not.toContain(personal);
  });

  test('is for the vendor whose key asked', async () => {
    const { id } = await newDebtor();
    await t.call('POST', `/v1/customers/${id}/directives`, {
      directiveId: 'notice',
      kind: 'vendor_notice',
      details: { collectorId: 'vendor-7' },
    });
    const authorization = `Bearer ${await t.keyWith(['contact:check'], 'vendor-7')}`;
    const request = askFor(id, { mode: 'reserve', collector: undefined });
    const { body } = await t.call('POST', '/v1/contact-permissions', request, { authorization });
    expect(decodeJwt(body.permissionToken).aud).toBe('vendor-7');
  });

  test('hides the number from a join: two tokens about one number have nothing in common', async () => {
    const { id } = await newDebtor();
    const voice = await reserve(t, id);
    const sms = await reserve(t, id, { channel: 'sms', callerNumber: undefined });
    expect(decodeJwt(sms.permissionToken!)).toMatchObject({ channel: 'sms' });
    expect(decodeJwt(sms.permissionToken!).adr).not.toBe(decodeJwt(voice.permissionToken!).adr);
  });

  test('carries none where there is nothing to dial, or no key to sign with', async () => {
    const { id } = await newDebtor();
    const letter = { channel: 'letter', contactPointId: undefined, callerNumber: undefined };
    expect((await reserve(t, id, letter)).permissionToken).toBeNull();
    const unsigned = await replica(null);
    expect((await reserve(unsigned, id)).permissionToken).toBeNull();
    expect((await keySetOf(unsigned)).keySet).toEqual({ keys: [] });
  });

  test('carries one in a batch too', async () => {
    const { id } = await newDebtor();
    const { body } = await t.call('POST', '/v1/contact-permissions/batch', {
      items: [askFor(id, { mode: 'reserve' })],
    });
    const [{ permissionToken, reservationId }] = body.results;
    expect((await verify(t, permissionToken)).payload.jti).toBe(reservationId);
  });

  test('alone carries one: no check, no refusal, no recorded decision', async () => {
    const { id } = await newDebtor();
    const check = await t.call('POST', '/v1/contact-permissions', askFor(id));
    expect(check.body).toMatchObject({ permitted: true, permissionToken: null });
    const { decisionId } = await reserve(t, id);
    const refused = await t.call('POST', '/v1/contact-permissions', askFor(id, { mode: 'reserve' }));
    expect(refused.body).toMatchObject({ permitted: false, permissionToken: null });
    const { body } = await t.call('GET', `/v1/contact-permissions/${decisionId}`);
    expect(body).not.toHaveProperty('permissionToken');
  });
});

describe('a repeated request', () => {
  test.each([{ contactPointId: 'm1' }, { contactPointId: undefined, address: ' 0086-' }])(
    'gets the same token again: %j',
    async (by) => {
      const { id, phone } = await newDebtor();
      const ask = { requestId: `again-${id}`, ...by, ...(by.address && { address: by.address + phone }) };
      const first = await reserve(t, id, ask);
      expect((await reserve(t, id, ask)).permissionToken).toBe(first.permissionToken);
    },
  );

  test('gets none when the slot was given back', async () => {
    const { id } = await newDebtor();
    const { reservationId } = await reserve(t, id, { requestId: `back-${id}` });
    await t.call('POST', `/v1/reservations/${reservationId}/release`, { reason: 'hung up' });
    expect((await reserve(t, id, { requestId: `back-${id}` })).permissionToken).toBeNull();
  });

  test('gets none for a number that was not permitted, when it has changed meanwhile', async () => {
    const { id } = await newDebtor();
    await reserve(t, id, { requestId: `moved-${id}` });
    const { body, status } = await t.call('GET', `/v1/customers/${id}`);
    expect(status).toBe(200);
    const parties = body.parties.map((party: { partyId: string }) => ({
      partyId: party.partyId,
      role: party.partyId === 'self' ? 'debtor' : 'contact',
      name: '张三',
      contactPoints: party.partyId === 'self' ? [{ contactPointId: 'm1', kind: 'phone', value: '13711112222' }] : [],
    }));
    expect((await t.call('PUT', `/v1/customers/${id}`, { name: '张三', parties })).status).toBe(200);
    expect((await reserve(t, id, { requestId: `moved-${id}` })).permissionToken).toBeNull();
  });
});

describe("the README's verification, offline", () => {
  test('permits this number to this collector, once, until the reservation ends', async () => {
    const { id, phone } = await newDebtor();
    const token = (await reserve(t, id)).permissionToken!;
    const e164 = `+86${phone}`;
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const later = Buffer.from(JSON.stringify({ ...decodeJwt(token), exp: 4_000_000_000 })).toString('base64url');
    const { privateKey } = generateKeyPairSync('ed25519');
    const forge = (typ: string, kid: string) =>
      new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'EdDSA', kid, typ }).sign(privateKey);
    const lines = [
      { token, e164: '+8613800139999' },
      { token, e164, collectorId: 'vendor-7' },
      { token, e164, now: '2026-11-23T10:03:00+08:00' },
      { token, e164, now: '2026-11-23T09:59:59+08:00' },
      { token: `${header}.${later}.${signature}`, e164 },
      { token: await forge('permission+jwt', 'k1'), e164 },
      { token: await forge('permission+jwt', 'k9'), e164 },
      { token: `${Buffer.from('{"alg":"none","typ":"permission+jwt"}').toString('base64url')}.${payload}.`, e164 },
      { token, e164, now: '2026-11-23T10:02:59+08:00' },
      { token, e164 },
    ];
    const { keySet } = await keySetOf(t);
    expect(await verdictsOf(lines, keySet)).toEqual([
      'not this number',
      'ERR_JWT_CLAIM_VALIDATION_FAILED',
      'ERR_JWT_EXPIRED',
      'ERR_JWT_CLAIM_VALIDATION_FAILED',
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      'ERR_JWKS_NO_MATCHING_KEY',
      'ERR_JOSE_ALG_NOT_ALLOWED',
      'dial',
      'one token, one call',
    ]);
  });

  test('permits no message as a call', async () => {
    const { id, phone } = await newDebtor();
    const { permissionToken } = await reserve(t, id, { channel: 'sms', callerNumber: undefined });
    const { keySet } = await keySetOf(t);
    expect(await verdictsOf([{ token: permissionToken!, e164: `+86${phone}` }], keySet)).toEqual(['not this number']);
  });
});

describe('the key set', () => {
  test('is public, may be cached, and holds no private key', async () => {
    const { keySet, headers } = await keySetOf(t);
    expect(headers['cache-control']).toBe('public, max-age=300, stale-if-error=86400');
    expect(headers['content-type']).toMatch(/^application\/jwk-set\+json/);
    expect(keySet.keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x']]);
  });

  test('lets a key be changed without a gap: known before it signs, known after', async () => {
    const { id } = await newDebtor();
    const old = (await reserve(t, id)).permissionToken!;
    const announced = await replica(`${KEYS.k1},${KEYS.k2}`);
    const sms = { channel: 'sms', callerNumber: undefined };
    expect(decodeProtectedHeader((await reserve(announced, id, sms)).permissionToken!).kid).toBe('k1');
    const changed = await replica(`${KEYS.k2},${KEYS.k1}`);
    const { id: other } = await newDebtor();
    const young = (await reserve(changed, other)).permissionToken!;
    expect(decodeProtectedHeader(young).kid).toBe('k2');
    for (const token of [old, young]) {
      await verify(announced, token);
      await verify(changed, token);
    }
    await expect(verify(await replica(KEYS.k2), old)).rejects.toThrow('no applicable key found');
  });
});

describe('the setting', () => {
  const required = { ENCRYPTION_KEYS: `k:${Buffer.alloc(32).toString('base64')}`, TOKEN_SIGNING_KEYS: '' };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  test.each([
    ['no key', 'k1:none', 'entry 1 is not'],
    ['no kid', newKey(), 'entry 1 is not'],
    ['another kind of key', `k1:${rsa.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`, 'entry 1 is not'],
    ['a bad second key', `${KEYS.k1},k2:AAAA`, 'entry 2 is not'],
    ['a kid that is there twice', `${KEYS.k1},${KEYS.k1}`, 'a kid is there twice'],
  ])('with %s stops the start and shows nothing of it', (_, value, problem) => {
    const error = (() => {
      try {
        readConfig({ ...required, TOKEN_SIGNING_KEYS: value });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(`TOKEN_SIGNING_KEYS: ${problem}`);
    expect((error as Error).message).not.toContain(value.slice(4));
  });

  test('may stand in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'token-keys-'));
    try {
      writeFileSync(join(folder, 'keys'), `${KEYS.k2},${KEYS.k1}\n`);
      const { tokenSigningKeys } = readConfig({ ...required, TOKEN_SIGNING_KEYS_FILE: join(folder, 'keys') });
      expect(tokenSigningKeys?.map(({ kid }) => kid)).toEqual(['k2', 'k1']);
      expect(readConfig(required).tokenSigningKeys).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('of the embedded default is made once, also beside the keys of an earlier release', () => {
    const folder = mkdtempSync(join(tmpdir(), 'token-keys-'));
    const path = join(folder, 'development-keys.json');
    try {
      const first = ensureDevelopmentKeys(folder);
      const { TOKEN_SIGNING_KEYS: _, ...earlier } = JSON.parse(readFileSync(path, 'utf8'));
      writeFileSync(path, JSON.stringify(earlier));
      const second = ensureDevelopmentKeys(folder);
      expect(second.blindIndexKey).toEqual(first.blindIndexKey);
      expect(second.tokenSigningKeys).toHaveLength(1);
      expect(readFileSync(path, 'utf8')).toContain('TOKEN_SIGNING_KEYS');
      expect(
        ensureDevelopmentKeys(folder).tokenSigningKeys[0]!.privateKey.equals(second.tokenSigningKeys[0]!.privateKey),
      ).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
