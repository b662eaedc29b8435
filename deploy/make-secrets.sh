#!/usr/bin/env bash
# Make the secret files that compose.yml reads, once; existing files are kept as they are.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets

# The container's user must be able to read its files: compose mounts them with their own mode.
keep() {
  if [ ! -s "secrets/$1" ]; then
    printf '%s' "$2" > "secrets/$1"
    chmod 644 "secrets/$1"
  fi
}
random_hex() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# A Fernet key: 32 random bytes in URL-safe base64.
fernet_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

keep postgres_password "$(random_hex)"
keep bot_database_url "postgresql+psycopg://lawbridge:$(cat secrets/postgres_password)@postgres:5432/lawbridge"
keep bot_field_keys "$(fernet_key)"
keep bot_index_key "$(random_hex)"
keep bot_identity_secret "$(random_hex)"
echo "密钥在 deploy/secrets/。丢失 bot_field_keys 就再也解不开已存的数据，请另行备份。"
