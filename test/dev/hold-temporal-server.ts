/** A parent for the test to kill: starts a server in the folder given, and waits. */
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';

const binary = await findTemporalBinary();
const dataDirectory = process.argv[2];
if (binary === undefined || dataDirectory === undefined) throw new Error('needs a Temporal binary and a folder');
const server = await startTemporalServer({ binary: binary.path, dataDirectory, ports: { grpc: 0, ui: 0 } });
console.log(JSON.stringify({ pid: server.pid }));
