# One static binary in an image with nothing else but certificates and time zones.
#
#   docker build --build-arg VERSION=v1.2.0 -t xiaopu .
#   docker run -p 8080:8080 -v xiaopu-data:/data xiaopu
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/xiaopu ./server/cmd/xiaopu \
 && mkdir /out/data

FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/xiaopu /xiaopu
# The volume takes its owner from this folder. The default database, data/xiaopu.db, lies in it, seen from /.
COPY --from=build --chown=65532:65532 /out/data /data
WORKDIR /
VOLUME /data
# Inside the container the port is reached from outside it only.
ENV XIAOPU_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/xiaopu"]
CMD ["serve"]
