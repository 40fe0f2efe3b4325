# The image with the tool and Ibutsu's migrations. Docker and Podman build it:
#
#   docker build -t ibutsu-schema:VERSION --build-arg VERSION=VERSION .
#
# `go tool mage image` makes the same image without either.
FROM golang:1.26.8 AS build
WORKDIR /src
COPY . .
ARG VERSION=""
ARG TARGETARCH=amd64
RUN go -C internal/ship run . root -version="$VERSION" -arch="$TARGETARCH" -out=/out

FROM scratch
COPY --from=build /out/ /
ENV PATH=/usr/local/bin
ENV SCHEMA_CARRIED=1
WORKDIR /project
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/ibutsu-schema"]
CMD ["apply","-env=prod"]
HEALTHCHECK --interval=30s --timeout=10s CMD ["/usr/local/bin/ibutsu-schema","status","-ready","-env=prod"]
