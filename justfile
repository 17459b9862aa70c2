# Lists these recipes
default:
    @just --list

# Everything on sandbox CRMs, without configuration
demo:
    cargo run -- demo

# Every test, on both databases
test:
    ./tests/run

# Form and lints
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# A folder for a new CRM: the files to fill in, and what to write in each
new-crm name:
    mkdir -p src/crm/{{name}}/golden
    printf '//! {{name}}: the profile, and what only this CRM knows.\n' > src/crm/{{name}}/mod.rs
    printf '//! Shapes of this CRM on the wire, and the pure mapping to the domain.\n' > src/crm/{{name}}/wire.rs
    printf '//! This CRM as a server, written from its documents; blind to the connector.\n' > src/crm/{{name}}/sandbox.rs
    @echo "Now docs/adding-a-crm.md, from step 1."
