// What a Postgres server says when it refuses a connection, so that the task's driver shows the reason.

/** SQLSTATE of a connection that could not be made. */
const CODE = '08001';

export function errorResponse(message: string): Buffer {
  const fields = `SFATAL\0VFATAL\0C${CODE}\0M${message.replaceAll('\0', '')}\0\0`;
  const body = Buffer.from(fields, 'utf8');
  const header = Buffer.alloc(5);
  header.write('E');
  header.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([header, body]);
}
