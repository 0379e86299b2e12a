#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the key files beside it with the openssl tool alone. They are committed: the tests do not run this.
# All P-256 keys are the published test key of ../protocol.json (client_private_scalar) in different wrappings.
set -eu
cd "$(dirname "$0")"
scalar=2538cdc29a97c19c1e99a637d6cf4f8c970c118b56ede1e6323e6d162c4b30db
foreign_point=04c7a1f47138486aa4729971494878d33b1a24e39571f748a6e16c5955b3d877d3a6aaa0e955166474af5d32c410f439a2234137ad1bb085fd4e8813c958f11d97
off_curve_point=04c7a1f47138486aa4729971494878d33b1a24e39571f748a6e16c5955b3d877d3a6aaa0e955166474af5d32c410f439a2234137ad1bb085fd4e8813c958f11d98
passphrase=pass:correct-horse

bytes() { printf '%s' "$1" | xxd -r -p; }
armour() { # label
  printf -- '-----BEGIN %s-----\n' "$1"
  base64 -w 64
  printf -- '-----END %s-----\n' "$1"
}

# SEC 1 section C.4: version 1, the scalar, [0] the curve, and [1] the point, which may be missing.
bytes "30310201010420${scalar}a00a06082a8648ce3d030107" | openssl ec -inform DER -out sec1.pem
{
  openssl ecparam -name prime256v1
  cat sec1.pem
} >sec1_with_parameters.pem
bytes "30310201010420${scalar}a00a06082a8648ce3d030107" | armour "EC PRIVATE KEY" >sec1_without_point.pem
openssl ec -in sec1.pem -conv_form compressed -out sec1_compressed.pem
openssl ec -in sec1.pem -param_enc explicit -out sec1_explicit.pem
openssl ec -in sec1.pem -aes256 -passout "$passphrase" -out sec1_encrypted.pem
openssl pkcs8 -topk8 -nocrypt -in sec1.pem -out pkcs8.pem
openssl pkcs8 -topk8 -v2 aes256 -in sec1.pem -passout "$passphrase" -out pkcs8_encrypted.pem
openssl pkcs8 -topk8 -scrypt -scrypt_N 1024 -in sec1.pem -passout "$passphrase" -out pkcs8_scrypt.pem

# What must be refused.
bytes "30770201010420${scalar}a00a06082a8648ce3d030107a144034200${foreign_point}" |
  armour "EC PRIVATE KEY" >sec1_foreign_point.pem
head -c 150 sec1.pem >sec1_truncated.pem
openssl ecparam -name secp384r1 -genkey -noout -out p384.pem
openssl ecparam -name secp256k1 -genkey -noout -out secp256k1.pem
openssl genrsa -traditional -out rsa.pem 1024
openssl pkcs8 -topk8 -nocrypt -in rsa.pem -out rsa_pkcs8.pem
openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl req -new -x509 -key sec1.pem -subj "/CN=test" -days 1 -out certificate.pem
openssl req -new -key sec1.pem -subj "/CN=test" -out certificate_request.pem

openssl ec -in sec1.pem -pubout -out public.pem
openssl ec -in sec1.pem -pubout -conv_form compressed -out public_compressed.pem
openssl ec -in p384.pem -pubout -out public_p384.pem
openssl rsa -in rsa.pem -pubout -out public_rsa.pem
bytes "3059301306072a8648ce3d020106082a8648ce3d030107034200${off_curve_point}" |
  armour "PUBLIC KEY" >public_off_curve.pem
