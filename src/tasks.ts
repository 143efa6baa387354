import { callRecordRecovery, callRecordsTask } from './call-records/examine.ts';
import { duplicateSearchTask } from './duplicates/search-task.ts';
import { type ImportWork, importRecovery, importTask, importTaskOf } from './imports/worker.ts';
import { lateAttempts } from './incidents/record.ts';
import type { Background } from './jobs/jobs.ts';
import { accountRoll } from './payments/settle.ts';
import { backtestTask } from './policies/backtest-task.ts';
import { policyRefresh } from './policies/store.ts';
import { lateTruth } from './replays/late-truth.ts';
import { unreportedReservations } from './reservations/service.ts';
import { webhookFigures, webhookRelay, webhookRetention } from './webhooks/relay.ts';

/** Everything that this service does in the background. */
export const background: Background = {
  tasks: [importTask, backtestTask, callRecordsTask, duplicateSearchTask],
  sweeps: [
    importRecovery,
    webhookRelay,
    webhookRetention,
    webhookFigures,
    policyRefresh,
    unreportedReservations,
    lateAttempts,
    lateTruth,
    callRecordRecovery,
    accountRoll,
  ],
};

/** The same with the work on imports done elsewhere, so that it keeps no request waiting. */
export function backgroundWith(work: ImportWork): Background {
  return { ...background, tasks: background.tasks.map((task) => (task === importTask ? importTaskOf(work) : task)) };
}
