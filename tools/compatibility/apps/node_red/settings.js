// Node-RED with a login: the user "ann", whose password is "password".
module.exports = {
  flowFile: "flows.json",
  uiHost: "127.0.0.1",
  adminAuth: {
    type: "credentials",
    users: [{
      username: "ann",
      password: "$2b$08$Y9DD8fpn.85aDZHTRRWWvOFxcmlUNJ77fPoDhyvhuNKhXTQgEcsbi",
      permissions: "*",
    }],
  },
  editorTheme: { tours: false },
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: "info" } },
};
