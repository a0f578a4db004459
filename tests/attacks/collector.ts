import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestPlatform } from '@millrace/testkit';
import pg from 'pg';

/** Takes the spans of a platform, as a collector of OpenTelemetry does. */
export interface SpanCollector {
  readonly endpoint: string;
  /** Everything that came so far, as it came. */
  readonly text: () => string;
  readonly close: () => void;
}

export const startCollector = async (): Promise<SpanCollector> => {
  let received = '';
  const server = createServer((request, response) => {
    request.setEncoding('latin1').on('data', (text: string) => (received += text));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** All rows of all tables, as JSON. */
export const dumpDatabase = async (connectionString: string): Promise<string> => {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    );
    const tables: unknown[] = [];
    for (const { name } of rows) tables.push((await client.query(`select * from ${name}`)).rows);
    return JSON.stringify(tables);
  } finally {
    await client.end();
  }
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);

/** Everything that a platform keeps or tells somebody: logs, streams, tables, spans. By name, as text. */
export const readTraces = async (platform: TestPlatform, spans: string): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['spans', spans],
    ['Postgres', await dumpDatabase(platform.databaseUrl)],
    ['events of the supervisor', JSON.stringify(platform.events())],
    ...filesBelow(platform.dataDir)
      // Their rows were read above; these are pages of several states of them.
      .filter((path) => !path.includes('/postgres/'))
      .map((path) => [path, readFileSync(path, 'latin1')] as const),
  ]);
