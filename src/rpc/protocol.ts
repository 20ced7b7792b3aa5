// The protocol's services, and how channels and servers are set up.
import { services as agent } from '../../proto/outflow/v1/agent.proto';
import { services as control } from '../../proto/outflow/v1/control.proto';
import { LIMITS } from '../model/limits.ts';
import { serviceClient } from './service.ts';

export const AgentService = serviceClient('AgentService', agent.AgentService);
export const BlobService = serviceClient('BlobService', agent.BlobService);
export const TunnelService = serviceClient('TunnelService', agent.TunnelService);
export const ControlService = serviceClient('ControlService', control.ControlService);

/** Options of every channel and server: no proxy, our message size, keep-alive by our own heartbeat. */
export const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': LIMITS.messageBytes,
  'grpc.max_send_message_length': LIMITS.messageBytes,
  'grpc.enable_retries': 0,
} as const;
