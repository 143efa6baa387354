import type { Ctx } from '../context.ts';
import { wireInstant } from '../validation.ts';
import type { FileCode } from './csv.ts';
import type { ImportRow } from './repository.ts';
import type { StoredRow } from './row-store.ts';
import type { Import, ImportRowAnswer, ImportStatus } from './schemas.ts';
import type { Records } from './sources/fields.ts';

/** From what is stored to what is answered. */

/** People write reasons, and people write names. */
export function releaseReasonAt(importId: string) {
  return { table: 'imports', column: 'release_reason_sealed', rowId: importId };
}

export function importOf(ctx: Pick<Ctx, 'now' | 'vault' | 'caller'>, row: ImportRow): Import {
  const rowsRead = Number(row.rows_read);
  const rowsTotal = row.rows_total === null ? null : Number(row.rows_total);
  const rowsPerSecond = rateOf(row, rowsRead);
  const running = row.status === 'running' && rowsTotal !== null && rowsPerSecond !== null;
  return {
    importId: row.import_id,
    source: row.source,
    sourceVersion: row.source_version,
    records: row.records as Records,
    dryRun: row.dry_run,
    charset: row.charset,
    asOf: row.as_of,
    status: row.status as ImportStatus,
    bytesTotal: Number(row.bytes_total),
    rowsTotal,
    rowsRead,
    rowsPerSecond,
    secondsLeft: running ? Math.ceil((rowsTotal - rowsRead) / rowsPerSecond) : null,
    accepted: Number(row.accepted),
    corrected: Number(row.corrected),
    duplicates: Number(row.duplicates),
    quarantined: Number(row.quarantined),
    resubmitted: Number(row.resubmitted),
    problem: row.problem_code === null ? null : { code: row.problem_code as FileCode, detail: row.problem ?? '' },
    release: releaseOf(ctx, row),
    createdAt: wireInstant(row.created_at),
    startedAt: wireInstant(row.started_at),
    finishedAt: wireInstant(row.finished_at),
  };
}

/** While it runs what the process at work measures; afterwards that of the whole time. */
function rateOf(row: ImportRow, rowsRead: number): number | null {
  if (row.finished_at === null || row.started_at === null) return row.status === 'running' ? row.rows_per_second : null;
  const seconds = (row.finished_at.epochMilliseconds - row.started_at.epochMilliseconds) / 1000;
  return seconds > 0 && rowsRead > 0 ? Math.round(rowsRead / seconds) || 1 : null;
}

function releaseOf({ vault, caller }: Pick<Ctx, 'vault' | 'caller'>, row: ImportRow): Import['release'] {
  if (row.released_at === null) return null;
  const mayRead = caller.scopes.has('personal-data:read') && row.release_reason_sealed !== null;
  return {
    at: wireInstant(row.released_at),
    clientId: row.released_by ?? '',
    reason: mayRead ? vault.open(releaseReasonAt(row.import_id), row.release_reason_sealed!) : null,
  };
}

export function rowAnswer({ row, outcome, details, problems, history }: StoredRow): ImportRowAnswer {
  const { corrections = [], warnings = [], duplicateOf } = details;
  return {
    row,
    outcome,
    corrections: corrections.map(({ column, kinds }) => ({ column, kinds: [...kinds] })),
    warnings: [...warnings],
    duplicateOf: duplicateOf ? { row: null, asOf: null, importId: null, ...duplicateOf } : null,
    problems: [...problems],
    resubmissions: [...history],
  };
}
