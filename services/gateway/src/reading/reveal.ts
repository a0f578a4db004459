import { AppError } from '@millrace/kernel';
import { DELETED, deletedOpener, hasSealed, isSealedInput, openSealed, type RunRequested } from '@millrace/contracts';
import { type RunRow, type RunSummary } from '@millrace/read-model';
import { openEvent, type RunSealers } from '@millrace/secrets';

/** A run that may have been deleted after use: then what it got and said is {@link DELETED}. */
export interface VisibleRun extends RunRow {
  readonly isDeleted?: boolean;
}

/** Shows what is sealed, as long as its key exists. What is not sealed costs nothing. */
export interface Reveal {
  readonly run: (row: RunRow) => Promise<VisibleRun>;
  /** For lists. */
  readonly summary: (row: RunSummary) => Promise<RunSummary>;
  /** Members of an event's data, of a message or of a line of output. */
  readonly members: <Members extends object>(runId: string, members: Members) => Promise<Members>;
  readonly rows: <Row extends { readonly text: string }>(
    runId: string,
    rows: readonly Row[],
  ) => Promise<readonly Row[]>;
  /**
   * A request, to be made again.
   *
   * @throws AppError `refused` `run.deleted`
   */
  readonly request: (event: RunRequested) => Promise<RunRequested>;
}

/** Why nothing can be made of a run any more. */
export const deletedRun = (runId: string): AppError =>
  new AppError('refused', 'run.deleted', 'the run was deleted after its use: its input is gone', {
    details: { run_id: runId },
  });

export const makeReveal = ({ find }: Pick<RunSealers, 'find'>): Reveal => {
  const openerOf = async (runId: string) => (await find(runId))?.opener ?? deletedOpener;

  const members: Reveal['members'] = async (runId, sealed) =>
    hasSealed(runId, sealed) ? openSealed(runId, sealed, await openerOf(runId)) : sealed;

  return {
    members,
    run: async (row) => {
      if (!isSealedInput(row.id, row.input)) return row;
      const sealer = await find(row.id);
      if (sealer !== undefined) return openSealed(row.id, row, sealer.opener);
      return { ...openSealed(row.id, row, deletedOpener), isDeleted: true };
    },
    summary: async (row) => members(row.id, row),
    rows: async (runId, rows) => {
      if (!rows.some((row) => hasSealed(runId, row))) return rows;
      const opener = await openerOf(runId);
      if (opener !== deletedOpener) return rows.map((row) => openSealed(runId, row, opener));
      return rows.slice(0, 1).map((row) => ({ ...row, text: DELETED }));
    },
    request: async (event) => {
      if (!isSealedInput(event.subject, event.data.input)) return event;
      const sealer = await find(event.subject);
      if (sealer === undefined) throw deletedRun(event.subject);
      return openEvent(event, sealer);
    },
  };
};
