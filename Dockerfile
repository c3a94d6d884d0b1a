# syntax=docker/dockerfile:1
# A hub in a container:
#
#   docker build -t websub .
#   docker run --rm -p 127.0.0.1:4820:4820 -v websub:/var/lib/websub websub
#   docker run --rm websub discover https://example.com/feed        # any other command
#
# The hub listens on every address of its container, so whoever reaches the published port may use it (say
# who may with --auth), and it calls public addresses only. Subscribers in other containers have private
# ones: add `serve --listen 0.0.0.0:4820 --allow-private always`.
#
# The packages alone, in ./packages:
#
#   docker build --target packages --output packages .

FROM debian:12-slim AS build
WORKDIR /src
COPY . .
# Times in the packages; without it, that of CHANGELOG.md.
ARG SOURCE_DATE_EPOCH
RUN script/package --no-lint && \
    mkdir /packages && cp build/package/*.deb build/package/*.tar.gz /packages/ && \
    rm -rf build /var/lib/apt/lists/*

FROM scratch AS packages
COPY --from=build /packages/ /

FROM debian:12-slim AS hub
RUN --mount=type=bind,from=packages,target=/packages \
    apt-get update -q && \
    apt-get install -y -q --no-install-recommends /packages/*.deb ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10820 --home-dir /var/lib/websub --shell /usr/sbin/nologin websub && \
    install -d -o websub -g websub -m 700 /var/lib/websub
USER websub
WORKDIR /var/lib/websub
ENV XDG_DATA_HOME=/var/lib XDG_CONFIG_HOME=/etc
VOLUME /var/lib/websub
EXPOSE 4820
# bash speaks TCP by itself. For another --listen or with --tls-cert, give --health-cmd.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/4820 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 4 line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["websub"]
CMD ["serve", "--listen", "0.0.0.0:4820"]
