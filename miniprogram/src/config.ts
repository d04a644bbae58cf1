// Which server the mini-program speaks with. The address of a release must be among the request domains registered for
// the mini-program; a version in development speaks with a server on the same machine.

const servers: Record<string, string> = {
  develop: "http://127.0.0.1:8080",
  trial: "https://xiaopu.example.gov.cn",
  release: "https://xiaopu.example.gov.cn",
};

/** server is the origin of the API, for the version of the mini-program that is running. */
export const server = servers[wx.getAccountInfoSync().miniProgram.envVersion] ?? servers.release;
