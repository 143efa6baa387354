import type { Services } from '../context.ts';
import type { JobTask, Sweep } from '../jobs/jobs.ts';
import { FileError, uploadIncomplete } from './csv.ts';
import { dropText, endImport } from './end.ts';
import { addImportJob, IMPORT_TASK, requeueImport, staleImports } from './queue.ts';
import { leftoverImports } from './repository.ts';
import { runImport } from './run.ts';

/** The work on one import, until it has ended or was stopped, or the signal. */
export type ImportWork = (services: Services, importId: string, stopping: AbortSignal) => Promise<void>;

/** Works on one import; when the process is to end, gives it back to the queue after the batch in hand. */
export const importTaskOf = (work: ImportWork): JobTask => ({
  name: IMPORT_TASK,
  exclusive: true,
  run: async (services, payload, { signal, lastAttempt }) => {
    const { importId } = payload as { importId: string };
    try {
      await work(services, importId, signal);
    } catch (error) {
      if (lastAttempt) await giveUp(services, importId);
      throw error;
    }
    if (signal.aborted) await requeueImport(services.db, importId);
  },
});

/** In the thread that answers requests; see thread-work.ts for the other way. */
export const importTask = importTaskOf((services, importId, stopping) => runImport(services, importId, stopping));

/** Takes up what a replica that died has left: an upload that never ended, an import that stands still. */
export const importRecovery: Sweep = {
  name: 'imports of lost replicas',
  everySeconds: 3,
  run: async (services) => {
    const { db } = services;
    for (const { import_id: importId, uploaded, exhausted } of await staleImports(db)) {
      if (!uploaded) await failImport(services, importId, uploadIncomplete());
      else if (exhausted === null) await addImportJob(db, importId);
      else if (exhausted) await giveUp(services, importId);
    }
    for (const importId of await leftoverImports(db)) await dropText(db, importId);
  },
};

async function giveUp(services: Services, importId: string): Promise<void> {
  const detail = 'The service failed several times; the rows that were read are applied. Send the file again.';
  await failImport(services, importId, new FileError('INTERNAL', detail));
}

async function failImport({ db, clock }: Services, importId: string, { code, message }: FileError): Promise<void> {
  await endImport(db, importId, { status: 'failed', code, detail: message, now: clock() });
}
