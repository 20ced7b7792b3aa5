// Files that are not TypeScript, as the build and the test runner import them: SQL as text, protocol files as codecs
// (scripts/proto-module.mjs).
declare module '*.sql' {
  const text: string;
  export default text;
}
declare module '*/agent.proto' {
  export const services: Record<'AgentService' | 'BlobService' | 'TunnelService', import('./rpc/service.ts').ProtoService>;
}
declare module '*/control.proto' {
  export const services: Record<'ControlService', import('./rpc/service.ts').ProtoService>;
}
