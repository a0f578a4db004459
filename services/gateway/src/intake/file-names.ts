/** Name of a file that came with a request: says whose it is, so that whoever may see the workflow may read it, and nobody else. */
export const fileName = (workflow: string, id: string): string => `requests/${workflow}/${id}`;

/** The workflow whose request brought a file; `undefined` for a text that is no name of one. */
export const workflowOfFile = (name: string): string | undefined => /^requests\/(.+)\/[^/]+$/.exec(name)?.[1];

/** Id of a file that is sealed under the key of a run. */
export const sealedFileId = (runId: string, id: string): string => `${runId}.${id}.sealed`;

/** The run under whose key a file is sealed; `undefined` for one that is not. */
export const runOfSealedFile = (name: string): string | undefined =>
  /\/([0-9a-f-]{36})\.[^./]+\.sealed$/.exec(name)?.[1];
