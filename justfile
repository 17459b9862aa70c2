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

# A folder for a new CRM that compiles; its verbs say that they are not there yet
new-crm name:
    docs/new-crm/run {{name}}
