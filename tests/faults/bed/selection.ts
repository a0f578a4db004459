/** `npm run test:faults` asks for everything; `npm test` takes what tells most in little time. */
export const IS_WHOLE = process.env['MILLRACE_FAULTS'] === 'all';

/** A size: of the fast selection, of the whole. */
export const sized = (fast: number, whole: number): number => (IS_WHOLE ? whole : fast);
