/** Name of a file that came with a request: says whose it is, so that whoever may see the workflow may read it, and nobody else. */
export const fileName = (workflow: string, id: string): string => `requests/${workflow}/${id}`;

/** The workflow whose request brought a file; `undefined` for a text that is no name of one. */
export const workflowOfFile = (name: string): string | undefined => /^requests\/(.+)\/[^/]+$/.exec(name)?.[1];
