/** The form of an authority's certificate: nothing here reads what is in it. */
export const PEM_CA = '-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n';
