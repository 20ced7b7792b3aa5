// Every bound in one place. Units last in the name; each line says what happens at the bound.

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** A gRPC message; larger ones are split by their sender. */
  messageBytes: 4 * MIB,
  /** Payload that one message of leases or results is filled to, before the next one is begun. */
  messageFillBytes: 1 * MIB,
  /** From this size on an encoded value travels and is stored as a blob. */
  inlineValueBytes: 1 * MIB,
  /** The largest encoded value; a larger one fails its unit with `value-too-large`. */
  valueBytes: 256 * MIB,
  /** Levels of nesting in a value; a deeper one fails its unit with `value-too-deep`. */
  valueDepth: 1000,
  /** A chunk of a blob, on the wire and in the store. */
  blobChunkBytes: 1 * MIB,
  /** Blobs on an agent's disk that no unit of it needs; beyond, those that were not needed for longest go. */
  unusedBlobBytes: 512 * MIB,

  /** Measured work an agent may hold beyond what runs. */
  prefetchMs: 200,
  /** Units an agent may hold of one step, whatever their measured time. */
  prefetchUnits: 8192,
  /** Units in one batch from a task host or in one lease message. */
  batchUnits: 512,
  /** How long finished units and log lines may wait in a host or an agent for more to come. */
  flushMs: 5,
  /** After this time a unit still running is reported as started. */
  startedAfterMs: 50,

  /** Losses (agent, node, walltime …) of a running unit before it fails. */
  maxLosses: 5,
  /** Time a unit has between its cancel (signal, `context.signal`) and its end by force. */
  cancelGraceMs: 5_000,
  /** The same after a task's timeout. */
  timeoutGraceMs: 1_000,
  /** The same when the agent is told to leave (SIGTERM). */
  leaveGraceMs: 2_000,
  /** How long an agent that is being ended waits to hear why. */
  leaveCauseMs: 3_000,
  /** A failure in a Slurm job is told after this time: the signal that ends the whole job may be its cause. */
  signalSettleMs: 200,
  /** An agent starts nothing that would end later than this before the end of its allocation. */
  endMarginMs: 10_000,
  /** An agent that is ended this near to the end of its allocation, and hears no cause, takes that end for it. */
  nearEndMs: 60_000,
  /** How often an agent says what it uses. */
  usageMs: 5_000,
  /** The same for a process beside a unit whose user has gone. */
  execGraceMs: 1_000,
  /** Processes beside units at once, over a run; one more is refused. */
  execs: 64,
  /** How long an agent may take to start one. */
  execStartMs: 10_000,
  /** Events that wait for the coordinator's loop before the streams are paused. */
  eventQueue: 10_000,
  /** Events applied in one transaction. */
  eventBatch: 1_000,

  heartbeatMs: 2_000,
  /** What is still said over a server's connections when it closes has this long. */
  serverCloseMs: 200,
  /** A TLS handshake that takes longer is cut off. */
  handshakeMs: 5_000,
  /** Handshakes at once; one more, and the oldest is cut off. */
  handshakes: 512,
  /** How long a dial waits for one address; an agent that had no answer waits twice as long the next time, to the second. */
  dialMs: 5_000,
  dialMostMs: 20_000,
  /** How often a run says that it uses its copy of the program, or its build: what nobody uses is removed some day. */
  programTouchMs: 1_800_000,
  /** After this time without a use, what the cache has of bundles and of unpacked programs is removed; it is made again when needed. */
  cacheKeepMs: 14 * 24 * 3_600_000,
  /** Age at which what somebody writes aside has been left by a process that was killed: on another host, where nobody can ask for it. */
  leftBehindMs: 3_600_000,
  /** Silence after which a session is taken for dead. */
  silenceMs: 10_000,
  /** Silence after which an agent is lost, and its units go out again. */
  lostAfterMs: 12_000,
  /** What an agent whose connection is gone has at least to come back. */
  reconnectMs: 2_000,
  /** After a take-over, how long units that a known agent may hold wait for its hello. */
  adoptMs: 15_000,
  /** How long an agent without a coordinator goes on. */
  orphanGraceMs: 60_000,
  /** The same on another host, where a new coordinator may be long in coming. */
  remoteOrphanGraceMs: 10 * 60_000,
  /** A coordinator's lease on its run, renewed at a third of it; by the database's clock. */
  runLeaseMs: 15_000,
  /** How long a coordinator, and an agent with blobs, retry an unreachable or full Postgres before they give up. */
  databasePatienceMs: 10 * 60_000,
  /** How long starting (database, coordinator, agent, host) may take. */
  startMs: 60_000,
  /** How long an agent waits for the directory of its join file: a shared file system may show it late. */
  joinDirectoryMs: 5_000,
  /** Task hosts that may die before their first unit, in a row, before the run is failed. */
  hostStartFailures: 3,

  /** An agent that may be fed soon, but holds nothing, goes after this time. */
  idleAgentMs: 2 * 60_000,
  /** An allocation that runs without a hello of its agent is told of after the first time, and ended after the second. */
  helloNoticeMs: 60_000,
  helloPatienceMs: 5 * 60_000,
  /** Waiting for an admin of the cluster is told of after this time. */
  adminNoticeMs: 5 * 60_000,
  /** How long to wait before Slurm is asked again for what its limits refused. */
  submitRetryMs: 30_000,
  /** How long to wait for the end of allocations before they are asked to end again. */
  endRetryMs: 30_000,
  /** What a job without agents has to end by itself when the run is over. */
  jobExitMs: 2_000,
  /** The same for the coordinator, where Slurm does not tell it the cause. */
  walltimeNearMs: 90_000,
  /** How long an agent that must go waits for Slurm to say why. */
  causePatienceMs: 2_000,
  /** Cut off so often though it had the whole time of an allocation, a unit fails. */
  maxCutOffs: 2,
  /** An end this soon after the start speaks against the node, where other nodes do well. */
  quickEndMs: 60_000,
  /** Nodes that allocations are kept away from. */
  excludedNodes: 16,
  /** How long they are kept away from a node whose agent fell silent. */
  lostNodeMs: 10 * 60_000,
  /** CPUs asked for on one node, unless whole nodes are: larger allocations wait longer. */
  allocationCpus: 32,
  /** Memory asked for beside that of the units, for the agent itself. */
  agentMemoryMib: 256,

  /** Log lines kept of one attempt of a unit; more are dropped and counted. */
  logLinesPerAttempt: 10_000,
  /** Bytes of one log line; the rest is cut off, marked by `…`. */
  logLineBytes: 16 * KIB,
  /** Log lines waiting in an agent; more are dropped and counted. */
  logLinesWaiting: 50_000,
  /** Lines that wait for a watcher who does not read; of more it is told the last one. The store has them all. */
  watcherLines: 1_000,
  /** Notices that are repeated to a watcher who comes later. */
  notices: 100,
  /** Agents' own lines that a coordinator remembers, so that each is told once; then the one that was not said for longest is forgotten. */
  toldLines: 1_000,
  /** Bytes of an error's message and stack that are kept. */
  errorBytes: 16 * KIB,
  /** Failed units a summary names. */
  namedFailures: 10,

  /** A command of Slurm without an answer is ended after this; a submit may then have been done all the same. */
  slurmCommandMs: 30_000,
  /** A Slurm that does not say what nodes it has is asked again after the first time, for the second. */
  slurmRetryMs: 5_000,
  slurmPatienceMs: 5 * 60_000,
  /** One squeue for all allocations of a run: this often while one is pending, … */
  slurmPendingPollMs: 30_000,
  /** … while all are connected, … */
  slurmRunningPollMs: 5 * 60_000,
  /** … after one was asked for, or is missing, … */
  slurmFirstPollMs: 2_000,
  /** … after its agent was refused, … */
  slurmRefusedLookMs: 3_000,
  /** … and while one is to end, or has just come up. */
  slurmEndPollMs: 1_000,
  /** How long after its end a run sees to it that its jobs are gone. */
  slurmEndPatienceMs: 5 * 60_000,
  /** What a command of Slurm may print: all nodes of a large site. */
  slurmOutputBytes: 64 * MIB,

  /** Connections to a pipeline's database, per task host. */
  databaseConnectionsPerHost: 2,
  /** How long a connection of a tunnel stays open unused, as others may wait for it: making one takes 10 ms. */
  tunnelIdleMs: 50,
  /** A tunnel whose task says nothing is cut off after this. */
  tunnelStartMs: 10_000,
  /** Tunnels that wait for a connection; one more is refused. */
  tunnelsWaiting: 10_000,
  /** How long the database has to end the connection of a tunnel that broke. */
  tunnelEndMs: 5_000,
  /** How long a connection to a database may take to be made. */
  databaseConnectMs: 5_000,
  /** Connections of a coordinator or a CLI command. */
  databaseConnections: 4,
  /** Default life of the embedded server without a user. */
  databaseIdleMs: 10 * 60_000,
} as const;
