import { callRecordRecovery, callRecordsTask } from './call-records/examine.ts';
import { duplicateSearchTask } from './duplicates/search-task.ts';
import { importRecovery, importTask } from './imports/worker.ts';
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
