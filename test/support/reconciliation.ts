import { callRecordRecovery, callRecordsTask } from '../../src/call-records/examine.ts';
import type { CallRecord, CallRecordUpload } from '../../src/call-records/schemas.ts';
import { lateAttempts } from '../../src/incidents/record.ts';
import type { Incident } from '../../src/incidents/schemas.ts';
import type { Sweep } from '../../src/jobs/jobs.ts';
import { unreportedReservations } from '../../src/reservations/service.ts';
import type { TestAnswer, TestApp, TestHeaders } from './app.ts';

const run = (sweep: Sweep) => (t: TestApp) => sweep.run(t.services, t.app.log, new AbortController().signal);

export const tellUnreported = run(unreportedReservations);
export const examineLate = run(lateAttempts);
export const recoverUploads = run(callRecordRecovery);

/** Works on one upload as a worker would; ends when there is nothing left to examine. */
export async function examine(t: TestApp, uploadId: string): Promise<CallRecordUpload> {
  const { signal } = new AbortController();
  await callRecordsTask.run(t.services, { uploadId }, { signal, log: t.app.log, lastAttempt: false });
  return uploadOf(t, uploadId);
}

export async function uploadOf(t: TestApp, uploadId: string): Promise<CallRecordUpload> {
  return (await t.call('GET', `/v1/call-records/${uploadId}`)).body as CallRecordUpload;
}

/** A CSV file of calls; every row names the same cells. */
export function callFile(rows: readonly Readonly<Record<string, string>>[]): string {
  return [Object.keys(rows[0]!).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\r\n');
}

export function sendCalls(
  t: TestApp,
  file: string | Buffer,
  { query = 'vendor=vendor-7', ...headers }: { query?: string } & TestHeaders = {},
): Promise<TestAnswer> {
  return t.call('POST', `/v1/call-records?${query}`, file, { 'content-type': 'text/csv', ...headers });
}

/** Sends a file, has it examined, and gives what was found of each call beside the totals. */
export async function reconcile(
  t: TestApp,
  file: string,
  query = 'vendor=vendor-7',
): Promise<CallRecordUpload & { records: CallRecord[] }> {
  const answer = await sendCalls(t, file, { query });
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
  const { uploadId } = answer.body as CallRecordUpload;
  const state = await examine(t, uploadId);
  const records = (await t.call('GET', `/v1/call-records/${uploadId}/results`)).body as CallRecord[];
  return { ...state, records };
}

export async function incidentsOf(t: TestApp, query = ''): Promise<Incident[]> {
  return (await t.call('GET', `/v1/incidents?${query}`)).body.items as Incident[];
}

/** The data of all events of a type, in the order they were emitted. */
export async function eventsOf(t: TestApp, type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await t.database.pool.query('SELECT data FROM outbox_events WHERE type = $1 ORDER BY seq', [type]);
  return rows.map(({ data }) => data as Record<string, unknown>);
}
