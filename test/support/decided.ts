import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { buildTestApp, type TestApp } from './app.ts';
import { askFor, makeDebtor, reportOf } from './make.ts';

type Body = Record<string, unknown>;

/** The day on which everything of these tests happens, at a time in Shanghai. */
export const day = (time: string) => `2026-11-23T${time}+08:00`;

/**
 * A service, a fresh debtor with a number of its own for every test of the file, on file since eight of the day, and what is
 * asked and told of it at ten. Ids begin with `prefix`; numbers are 136 and from `firstNumber` on.
 */
export function decidedOf(prefix: string, firstNumber: number) {
  let t: TestApp;
  let made = 0;
  beforeAll(async () => {
    t = await buildTestApp();
  });
  afterAll(() => t?.close());
  beforeEach(async () => {
    made += 1;
    t.setNow(day('08:00:00'));
    await makeDebtor(t, id(), { phone: phone('136') });
    t.setNow(day('10:00:00'));
  });

  const id = () => `${prefix}${made}`;
  const phone = (operator: string) => `${operator}${String(firstNumber + made)}`;
  const tell = async (status: number, method: 'POST' | 'PUT' | 'PATCH', path: string, sent: unknown) => {
    const { status: got, body } = await t.call(method, path, sent);
    expect(got, JSON.stringify(body)).toBe(status);
    return body;
  };
  const ask = (overrides: Body = {}) =>
    tell(200, 'POST', '/v1/contact-permissions', askFor(id(), { record: true, ...overrides }));
  return {
    get t() {
      return t;
    },
    get id() {
      return id();
    },
    /** This debtor's number of another operator. */
    phone,
    tell,
    ask,
    reserve: (requestId: string) => ask({ mode: 'reserve', requestId }),
    report: (attemptId: string, time: string, outcome: string, overrides: Body = {}) =>
      tell(201, 'POST', '/v1/contact-attempts', reportOf(id(), `${id()}:${attemptId}`, day(time), outcome, overrides)),
    correct: (attemptId: string, changes: Body) =>
      tell(200, 'PATCH', `/v1/contact-attempts/${id()}:${attemptId}`, changes),
    direct: (body: Body) => tell(201, 'POST', `/v1/customers/${id()}/directives`, body),
    replay: (decisionId: string, as: string, more: Body = {}) =>
      tell(200, 'POST', `/v1/contact-permissions/${decisionId}/replay`, { as, ...more }),
  };
}
