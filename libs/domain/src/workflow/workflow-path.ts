import { WORKFLOW_PATH_PATTERN } from '@millrace/contracts';

const PATH = new RegExp(WORKFLOW_PATH_PATTERN);

/** Whether a text can be the path of a workflow at all; others are "not found" without asking anyone. */
export const isWorkflowPath = (text: string): boolean => PATH.test(text);

/**
 * Whether a path fits a pattern, in which `*` stands for any characters, `/` included: a nested folder is one longer name.
 * `backup/*` fits `backup/db-full` and `backup/eu/db`; `*` fits everything. Takes time in proportion to the lengths, whatever the pattern.
 */
export const matchesPattern = (pattern: string, path: string): boolean => {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return path === pattern;
  if (!path.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = path.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return path.length - last.length >= from && path.endsWith(last);
};
