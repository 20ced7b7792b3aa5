// Issues X.509 certificates (RFC 5280) for EC P-256 keys made here.
import { randomBytes, webcrypto } from 'node:crypto';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  RelativeDistinguishedNames,
} from 'pkijs';

export interface Subject {
  /** The name of a server is what its clients expect. */
  use: 'authority' | 'server' | 'client';
  commonName: string;
  notBefore: Date;
  notAfter: Date;
}

/** Certificate and key as PEM. */
export interface Issued {
  cert: string;
  key: string;
  asIssuer: { name: RelativeDistinguishedNames; keyId: ArrayBuffer; key: webcrypto.CryptoKey };
}

const OID = {
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const DNS_NAME = 2;
/** The first and the sixth bit of a key usage. */
const DIGITAL_SIGNATURE = new BitString({ valueHex: Uint8Array.of(0x80).buffer, unusedBits: 7 });
const SIGNS_CERTIFICATES = new BitString({ valueHex: Uint8Array.of(0x04).buffer, unusedBits: 2 });

/** Without an issuer it is signed by itself. */
export async function issue(subject: Subject, issuer?: Issued): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = new Certificate();
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  const own = { name: nameOf(subject), keyId: (await certificate.getKeyHash('SHA-256')).slice(0, 20), key: keys.privateKey };
  const by = issuer?.asIssuer ?? own;
  certificate.version = 2; // says version 3
  certificate.serialNumber = new Integer({ valueHex: Uint8Array.of(1, ...randomBytes(15)).buffer });
  certificate.subject = own.name;
  certificate.issuer = by.name;
  certificate.notBefore.value = subject.notBefore;
  certificate.notAfter.value = subject.notAfter;
  certificate.extensions = [
    extension(OID.subjectKeyId, new OctetString({ valueHex: own.keyId })),
    extension(
      OID.authorityKeyId,
      new AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex: by.keyId }) }).toSchema(),
    ),
    ...limitsOf(subject),
  ];
  await certificate.sign(by.key, 'SHA-256');
  return {
    cert: pem('CERTIFICATE', certificate.toSchema(true).toBER()),
    key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    asIssuer: own,
  };
}

function nameOf({ commonName }: Subject): RelativeDistinguishedNames {
  const value = new Utf8String({ value: commonName });
  return new RelativeDistinguishedNames({ typesAndValues: [new AttributeTypeAndValue({ type: OID.commonName, value })] });
}

/** What the certificate may be used for. */
function limitsOf({ use, commonName }: Subject): Extension[] {
  if (use === 'authority') {
    return [
      extension(OID.basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true),
      extension(OID.keyUsage, SIGNS_CERTIFICATES, true),
    ];
  }
  const purpose = use === 'server' ? OID.serverAuth : OID.clientAuth;
  const limits = [
    extension(OID.basicConstraints, new BasicConstraints().toSchema(), true),
    extension(OID.keyUsage, DIGITAL_SIGNATURE, true),
    extension(OID.extendedKeyUsage, new ExtKeyUsage({ keyPurposes: [purpose] }).toSchema(), true),
  ];
  if (use === 'client') return limits;
  const names = new GeneralNames({ names: [new GeneralName({ type: DNS_NAME, value: commonName })] });
  return [...limits, extension(OID.subjectAltName, names.toSchema())];
}

function extension(extnID: string, value: { toBER(): ArrayBuffer }, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
