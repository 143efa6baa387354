import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { makeDebtor } from '../support/make.ts';
import { fencedBlocks } from '../support/readme.ts';

/** The dialplan of the README against the service: as libcurl would send it, and by Asterisk itself where it is installed. */
const SNIPPET = fencedBlocks(readFileSync('README.md', 'utf8')).find(
  ({ language, text }) => language === 'ini' && text.includes('CURLOPT'),
)!.text;
const DAY = '2026-11-23T10:00:00+08:00';
const PHONE = '13650000001';

let t: TestApp;
let address: string;
let key: string;
beforeAll(async () => {
  t = await buildTestApp({ now: DAY });
  await t.app.listen({ port: 0, host: '127.0.0.1' });
  address = `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`;
  const client = { clientId: 'pbx', name: 'PBX', scopes: ['contact:check', 'contact:report'] };
  key = (await t.call('POST', '/v1/api-clients', client)).body.key;
  await t.call('PUT', '/v1/dialers/pbx-1', {
    clientId: 'pbx',
    platform: 'asterisk',
    collector: { kind: 'creditor', id: 'bank' },
    callerNumber: '95588',
    numberPrefixes: [{ strip: '9', length: 12 }],
  });
  await makeDebtor(t, 'C1', { phone: PHONE });
});
afterAll(() => t.close());

/** The right side of each `Set(name=value)` and the argument of each application, as the dialplan has them. */
function assigned(name: string): string {
  const value = SNIPPET.split('\n').find((line) => line.includes(`Set(${name}=`));
  return value!.slice(value!.indexOf(`Set(${name}=`) + name.length + 5, value!.lastIndexOf(')'));
}

/** Puts the channel's variables into a text, innermost first, as Asterisk does. */
function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  const once = text
    .replace(/\$\{URIENCODE\(([^${}()]*)\)\}/g, (_, value: string) => encodeURIComponent(value))
    .replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '');
  return once === text ? text : expanded(once, variables);
}

/** What libcurl of Asterisk sends for `CURL(url,post-data)`, byte by byte, and the text it gives back. */
async function curl(url: string, body: string, userpwd: string): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    [
      `POST ${pathname} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      `Authorization: Basic ${Buffer.from(userpwd).toString('base64')}`,
      'User-Agent: asterisk-libcurl-agent/1.0',
      'Accept: */*',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Content-Type: application/x-www-form-urlencoded',
      '',
      body,
    ].join('\r\n'),
  );
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const end = received.indexOf('\r\n\r\n');
    const length = /^content-length: (\d+)/im.exec(received.toString('latin1', 0, end))?.[1];
    // The connection stays open, so the length alone says where the answer ends.
    if (end !== -1 && received.length >= end + 4 + Number(length)) return received.toString('utf8', end + 4);
  }
  throw new Error(`no answer: ${received}`);
}

/** `hashcompat=yes`: pairs at `&` and `=`, percent signs decoded, a plus left as it is. */
function hash(text: string): Record<string, string> {
  const pairs = text.split('&').map((pair) => pair.split('=').map(decodeURIComponent));
  return Object.fromEntries(pairs);
}

function ask(variables: Readonly<Record<string, string>>, userpwd = `pbx:${key}`): Promise<string> {
  const RULES = `${address}/v1/adapters/asterisk`;
  const CALL = expanded(assigned('CALL'), variables);
  expect(assigned('HASH(answer)')).toBe(`\${CURL(\${RULES},\${CALL})}`);
  return curl(RULES, CALL, userpwd);
}

describe('the dialplan of the README, as libcurl sends it', () => {
  const call = (UNIQUEID: string, EXTEN = `9${PHONE}`) => ({ UNIQUEID, EXTEN, CUSTOMER_ID: 'C1' });

  test('limits its time, shows its key, and dials only when permitted is 1', () => {
    expect(SNIPPET).toContain('Set(CURLOPT(conntimeout)=0.2)');
    expect(SNIPPET).toContain('Set(CURLOPT(httptimeout)=1)');
    expect(SNIPPET).toContain('Set(CURLOPT(hashcompat)=yes)');
    expect(SNIPPET).toMatch(/CURLOPT\(userpwd\)=pbx:ck_…/);
    expect(SNIPPET).toContain(`GotoIf($["\${HASH(answer,permitted)}" = "1"]?dial)`);
  });

  test('is told to dial, to wait, and of a problem, each in pairs that HASH() can hold', async () => {
    t.setNow(DAY);
    expect(hash(await ask(call('1795399200.1')))).toMatchObject({ permitted: '1', reasonCode: '' });
    expect(hash(await ask(call('1795399200.2')))).toMatchObject({
      permitted: '0',
      reasonCode: 'MINIMUM_GAP',
      nextPermittedAt: '2026-11-23T10:30:00+08:00',
    });
    expect(hash(await ask(call('1795399200.3', '12')))).toMatchObject({ permitted: '0', decision: 'DENY' });
    expect(hash(await ask(call('1795399200.4'), 'pbx:wrong'))).toMatchObject({
      permitted: '0',
      code: 'UNAUTHENTICATED',
    });
  });

  test('reports under the same unique id', async () => {
    const report = /CURL\(\$\{RULES\}(\/call-reports),(\$\{CALL\}&dialstatus=\$\{DIALSTATUS\})\)/.exec(SNIPPET);
    const CALL = expanded(assigned('CALL'), call('1795399200.1'));
    const body = expanded(report![2]!, { CALL, DIALSTATUS: 'BUSY' });
    const answer = await curl(`${address}/v1/adapters/asterisk${report![1]}`, body, `pbx:${key}`);
    expect(JSON.parse(answer)).toMatchObject({ attemptId: '1795399200.1', outcome: 'busy', late: false });
  });
});

const version = spawnSync('asterisk', ['-V'], { encoding: 'utf8' }).stdout?.trim() ?? '';
if (version === '')
  console.warn('Asterisk is not installed: only the exchange of its dialplan with the service is tested.');
else testWith(version);

const MODULES = ['pbx_config', 'res_curl', 'func_curl', 'func_strings', 'func_uri', 'app_dial', 'app_verbose'];

/** Asterisk with the dialplan of the README and somebody at the other end who answers, in a folder of its own. */
async function startAsterisk(rules: string) {
  const folder = mkdtempSync(join(tmpdir(), 'asterisk-'));
  const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const kinds = ['etc', 'run', 'log', 'spool', 'db'].map((kind) => `ast${kind}dir => ${folder}`);
  file('asterisk.conf', ['[directories]', ...kinds, '[options]', 'verbose = 5', ''].join('\n'));
  const modules = [...MODULES, 'bridge_simple', 'res_clioriginate'].map((name) => `load=${name}.so`);
  file('modules.conf', ['[modules]', 'autoload=no', ...modules, ''].join('\n'));
  file('logger.conf', '[logfiles]\nfull => verbose(5),notice,warning,error\n');
  const dialplan = SNIPPET.replace(/^RULES=.*$/m, `RULES=${rules}`)
    .replace(/^TRUNK=.*$/m, 'TRUNK=Local\nCUSTOMER_ID=C2')
    .replace('ck_…', key);
  const other = '[default]\nexten => _X.,1,Answer()\n same => n,Wait(0.2)\n same => n,Hangup()\n';
  file('extensions.conf', `${dialplan}\n${other}`);
  const args = ['-C', join(folder, 'asterisk.conf')];
  const child: ChildProcess = spawn('asterisk', [...args, '-f'], { stdio: 'ignore' });
  const command = async (line: string) => (await promisify(execFile)('asterisk', [...args, '-rx', line])).stdout;
  const log = () => readFileSync(join(folder, 'full'), 'utf8');
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await expect.poll(() => command('core waitfullybooted').catch(() => ''), { timeout: 20_000 }).toContain('booted');
  const dial = (number: string) => command(`channel originate Local/${number}@collections application Wait 2`);
  return { dial, log, stop };
}

/** The customer that Asterisk calls: overdue for two months at that day. */
async function makeDebtorOf(today: Temporal.PlainDate): Promise<void> {
  const contactPoints = [{ contactPointId: 'm1', kind: 'phone', value: '13650000002', line: 'mobile' }];
  const parties = [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints }];
  expect((await t.call('PUT', '/v1/customers/C2', { name: '张三', parties })).status).toBe(201);
  const account = {
    customerId: 'C2',
    currency: 'CNY',
    asOf: `${today.subtract({ days: 1 })}T00:00:00+08:00`,
    pastDueSince: today.subtract({ days: 60 }).toString(),
    balances: { principal: '8000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
  };
  expect((await t.call('PUT', '/v1/accounts/C2-A1', account)).status).toBe(201);
}

/** The same dialplan, run by the program itself. */
function testWith(program: string): void {
  test(`the dialplan of the README in ${program}`, { timeout: 60_000 }, async () => {
    // A channel's unique id is the second in which it was made, so this is about today.
    const now = Temporal.Now.zonedDateTimeISO('Asia/Shanghai').round('second');
    t.setNow(now.toInstant().toString());
    await makeDebtorOf(now.toPlainDate());
    const asterisk = await startAsterisk(`${address}/v1/adapters/asterisk`);
    try {
      t.setNow(now.with({ hour: 22, minute: 30 }).toInstant().toString());
      await asterisk.dial('913650000002');
      const morning = `${now.toPlainDate().add({ days: 1 })}T08:00:00+08:00`;
      await expect.poll(asterisk.log, { timeout: 5000 }).toContain(`not dialled: DENY CALLING_HOURS ${morning}`);
      await asterisk.dial('912');
      await expect.poll(asterisk.log, { timeout: 5000 }).toContain('not dialled: DENY INVALID_CONTACT_POINT');
      expect(asterisk.log()).not.toContain('Called Local/');
      const windows = [{ from: '00:00', to: '24:00' }];
      const consent = {
        kind: 'hours_consent',
        from: now.subtract({ days: 1 }).toInstant().toString(),
        details: { windows },
      };
      expect((await t.call('POST', '/v1/customers/C2/directives', consent)).status).toBe(201);
      t.setNow(Temporal.Now.instant().toString());
      await asterisk.dial('913650000002');
      await expect.poll(asterisk.log, { timeout: 10_000 }).toMatch(/Called Local\/913650000002[\s\S]*reported: /);
      const { rows } = await t.database.pool.query(
        `SELECT outcome, late, reservation_id IS NOT NULL AS reserved FROM attempts WHERE customer_id = 'C2'`,
      );
      expect(rows).toEqual([{ outcome: 'answered', late: false, reserved: true }]);
    } finally {
      await asterisk.stop();
    }
  });

  test(`nothing is dialled by ${program} when nobody answers`, { timeout: 60_000 }, async () => {
    const asterisk = await startAsterisk('http://127.0.0.1:1/v1/adapters/asterisk');
    try {
      await asterisk.dial('913650000002');
      await expect.poll(asterisk.log, { timeout: 5000 }).toContain('not dialled:');
      expect(asterisk.log()).not.toContain('Called Local/');
    } finally {
      await asterisk.stop();
    }
  });
}
