import { readableCollector } from '../collectors.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import type { Db, Trx } from '../db/database.ts';
import { AppError, notFound } from '../errors.ts';
import type { ColumnAddress } from '../personal-data.ts';
import { wireInstant } from '../validation.ts';
import {
  findIncident,
  holdIncident,
  type IncidentRow,
  listIncidentRows,
  type RecordReference,
  recordsOf,
} from './repository.ts';
import type { CallRecordSource, Incident, IncidentKind, IncidentListQuery, IncidentPage } from './schemas.ts';

/** Contacts without permission, the newest first. */
export async function listIncidents(ctx: Ctx, query: IncidentListQuery): Promise<IncidentPage> {
  const { limit, cursor, ...wanted } = query;
  const filters = { ...wanted, collectorId: readableCollector(ctx, query.collectorId) };
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'incidents', filters, cursor);
  const rows = await listIncidentRows(ctx.db, filters, before, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await incidentsOf(ctx, ctx.db, shown),
    nextCursor: rows.length > limit && last ? cursorOf(ctx.vault, 'incidents', filters, last.incident_id) : null,
  };
}

export async function getIncident(ctx: Ctx, incidentId: string): Promise<Incident> {
  const collectorId = readableCollector(ctx, undefined);
  return incidentOf(ctx, ctx.db, visible(collectorId, await findIncident(ctx.db, incidentId)));
}

/** Says how it came to the contact. The same words again change nothing; others are refused, as is a closed incident. */
export async function explainIncident(ctx: Ctx, incidentId: string, reason: string): Promise<Incident> {
  const collectorId = readableCollector(ctx, undefined);
  if (collectorId === null) requireScope(ctx, 'customers:write');
  return settle(ctx, collectorId, incidentId, reason, 'explained');
}

/** Ends an incident: only the bank does. The same words again change nothing. */
export async function closeIncident(ctx: Ctx, incidentId: string, reason: string): Promise<Incident> {
  requireScope(ctx, 'customers:write');
  if (ctx.caller.collectorId !== null) throw new AppError('FORBIDDEN', 'Only the bank closes an incident.');
  return settle(ctx, null, incidentId, reason, 'closed');
}

async function settle(
  ctx: Ctx,
  collectorId: string | null,
  incidentId: string,
  reason: string,
  status: 'explained' | 'closed',
): Promise<Incident> {
  return ctx.db.transaction().execute(async (trx) => {
    const row = visible(collectorId, await holdIncident(trx, incidentId));
    const given = status === 'explained' ? row.explanation_sealed : row.closing_reason_sealed;
    if (given === null && row.status !== 'closed') {
      const set = {
        explained: {
          explained_at: ctx.now.toString(),
          explained_by: ctx.caller.clientId,
          explanation_sealed: ctx.vault.seal(reasonAt('explanation_sealed', incidentId), reason),
        },
        closed: {
          closed_at: ctx.now.toString(),
          closed_by: ctx.caller.clientId,
          closing_reason_sealed: ctx.vault.seal(reasonAt('closing_reason_sealed', incidentId), reason),
        },
      }[status];
      const updated = await trx
        .updateTable('incidents')
        .set({ ...set, status })
        .where('incident_id', '=', incidentId)
        .returningAll()
        .executeTakeFirstOrThrow();
      return incidentOf(ctx, trx, updated);
    }
    const incident = await incidentOf(ctx, trx, row);
    const said = status === 'explained' ? incident.explanation : incident.closing;
    if (said?.reason === reason) return incident;
    throw new AppError('INCIDENT_SETTLED', `The incident is ${row.status}, and what was said of it stays.`);
  });
}

function visible(collectorId: string | null, row: IncidentRow | undefined): IncidentRow {
  if (!row || (collectorId !== null && row.collector_id !== collectorId)) throw notFound('/incidentId', 'incident');
  return row;
}

/** People write reasons, and people write names. */
function reasonAt(column: 'explanation_sealed' | 'closing_reason_sealed', incidentId: string): ColumnAddress {
  return { table: 'incidents', column, rowId: incidentId };
}

async function incidentOf(ctx: Ctx, db: Db | Trx, row: IncidentRow): Promise<Incident> {
  const [incident] = await incidentsOf(ctx, db, [row]);
  return incident!;
}

async function incidentsOf(ctx: Ctx, db: Db | Trx, rows: readonly IncidentRow[]): Promise<Incident[]> {
  const ids = rows.map((row) => row.incident_id);
  const records = Map.groupBy(await recordsOf(db, ids), (record) => record.incident_id);
  return rows.map((row) => ({
    incidentId: row.incident_id,
    kind: row.kind as IncidentKind,
    status: row.status as Incident['status'],
    collectorId: row.collector_id,
    customerId: row.customer_id,
    channel: row.channel as Incident['channel'],
    occurredAt: wireInstant(row.occurred_at),
    detectedAt: wireInstant(row.detected_at),
    attemptId: row.attempt_id,
    reservationId: row.reservation_id,
    decisionId: row.decision_id,
    callRecords: (records.get(row.incident_id) ?? []).map(referenceOf),
    explanation: statementOf(ctx, row, 'explanation_sealed'),
    closing: statementOf(ctx, row, 'closing_reason_sealed'),
  }));
}

function referenceOf(record: RecordReference): Incident['callRecords'][number] {
  return {
    uploadId: record.upload_id,
    row: Number(record.row_no),
    source: record.source as CallRecordSource,
    vendorCallId: record.vendor_call_id,
  };
}

function statementOf(
  ctx: Ctx,
  row: IncidentRow,
  column: 'explanation_sealed' | 'closing_reason_sealed',
): Incident['explanation'] {
  const sealed = row[column];
  if (sealed === null) return null;
  const [at, clientId] =
    column === 'explanation_sealed' ? [row.explained_at, row.explained_by] : [row.closed_at, row.closed_by];
  return {
    at: wireInstant(at!),
    clientId: clientId!,
    reason: ctx.vault.open(reasonAt(column, row.incident_id), sealed),
  };
}
