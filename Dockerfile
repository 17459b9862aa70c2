# Two stages: one that builds, one that holds the program and nothing to run besides it.
FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /src
# hadolint ignore=DL3008 -- the tag above says which Debian; its repositories hold one version each
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY .cargo ./.cargo
COPY Cargo.toml Cargo.lock ./
COPY assets ./assets
COPY config ./config
COPY migrations ./migrations
COPY templates ./templates
COPY src ./src
# The same sources give the same bytes: no paths of this stage, no time of this build. Without symbols
# the program is a fifth smaller; a panic still says where it happened.
ENV SOURCE_DATE_EPOCH=0 \
    CARGO_PROFILE_RELEASE_STRIP=symbols \
    RUSTFLAGS="--remap-path-prefix=/src=latitude --remap-path-prefix=/usr/local/cargo=cargo"
RUN cargo build --release --locked \
 && mkdir --parents /out/data \
 && cp target/release/latitude /out/latitude \
 && cp "$(ldd /out/latitude | awk '/libgcc_s/ { print $3 }')" /out/libgcc_s.so.1

# glibc, CA certificates, time zones, a user without rights; no shell, no package manager. TLS is in the
# program, so that OpenSSL is not needed; of the compiler's libraries just the one that unwinds a panic.
FROM gcr.io/distroless/base-nossl-debian12:nonroot
COPY --from=build /out/libgcc_s.so.1 /usr/lib/libgcc_s.so.1
COPY --from=build /out/latitude /usr/local/bin/latitude
COPY --from=build /src/config/image.toml /usr/local/share/latitude/image.toml
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
# Few arenas: memory at rest stays small however many cores there are. The image's own defaults lie
# below the configuration file, which the environment would not.
ENV MALLOC_ARENA_MAX=2 \
    LATITUDE_DEFAULTS="/usr/local/share/latitude/image.toml"
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/latitude", "health"]
ENTRYPOINT ["/usr/local/bin/latitude"]
CMD ["run"]
