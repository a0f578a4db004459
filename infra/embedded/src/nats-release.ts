/** The oldest server that has everything the log needs: atomic batches, delayed messages, cron schedules. */
export const NATS_FLOOR = '2.14.0';

/**
 * The official release that is fetched when no server is found, with the SHA-256 of its archives
 * as its own `SHA256SUMS` and the official container images publish them.
 *
 * @see https://github.com/nats-io/nats-server/releases/tag/v2.15.0
 */
export const NATS_RELEASE = {
  version: '2.15.0',
  origin: 'https://github.com/nats-io/nats-server/releases/download',
  /** By `<platform>-<architecture>` in the words of the release. */
  sha256: {
    'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
    'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
    'linux-arm7': 'ec5f4689d017e07cfa18442e10da051c0f3f9dd2e7f4dc7cdb55a11f1303c952',
    'darwin-amd64': '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95',
    'darwin-arm64': 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8',
    'windows-amd64': '2d0861dc2ca3567d17f7d19611d7b346cc2ccbd7086a0a77cc957a2c71663200',
  },
} as const;
