import { type HttpCaller, eventually } from '@millrace/testkit';

/** What the tests read of `GET /status/<run_id>`. */
export interface StatusBody {
  readonly run_id: string;
  readonly status: string;
  readonly state: string;
  readonly attempt: number;
  readonly exit_code?: number;
  readonly output?: unknown;
  readonly error?: string;
  readonly trace_id?: string;
}

/** Starts a run and gives its id. @throws unless it was accepted. */
export const startRun = async (http: HttpCaller, path: string, body: unknown = {}, headers = {}): Promise<string> => {
  const { status, json, text } = await http.post(`/run/${path}`, { body, headers });
  if (status !== 202) throw new Error(`POST /run/${path} answered ${status}: ${text}`);
  return (json as { run_id: string }).run_id;
};

/** @throws when the answer is not 200. */
export const statusOf = async (http: HttpCaller, runId: string): Promise<StatusBody> => {
  const { status, json, text } = await http.get(`/status/${runId}`);
  if (status !== 200) throw new Error(`GET /status/${runId} answered ${status}: ${text}`);
  return json as StatusBody;
};

/** The status once the dialect says that the run is over. */
export const untilEnded = (http: HttpCaller, runId: string, timeoutMs = 20_000): Promise<StatusBody> =>
  eventually(
    async () => {
      const status = await statusOf(http, runId);
      if (status.status === 'running') throw new Error(`${runId} is ${status.state}`);
      return status;
    },
    { timeoutMs, intervalMs: 50 },
  );

/** The status once the run is in this state. */
export const untilState = (http: HttpCaller, runId: string, state: string): Promise<StatusBody> =>
  eventually(async () => {
    const status = await statusOf(http, runId);
    if (status.state !== state) throw new Error(`${runId} is ${status.state}, not ${state}`);
    return status;
  });
