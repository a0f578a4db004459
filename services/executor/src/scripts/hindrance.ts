/** The disk is full, or the machine has no more files, memory or processes: that passes, and is no fault of the run that was to begin. */
const PASSING: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** Whether what was thrown says that the machine lacks something for now. */
export const isHindrance = (thrown: unknown): boolean =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && PASSING.has(thrown.code);
