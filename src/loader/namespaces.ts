// Makes the namespaces of modules, as esbuild writes them into a bundle, cheaper to create: zod's alone have 1,500 getters.

/**
 * `var x={};__export(x,{a:()=>b,…})` defines one getter after another; `var x={get a(){return b},…}` has them from the start: 6 ms
 * become 4 when zod is loaded. What is written in another way stays as it is.
 */
export function literalNamespaces(code: string): string {
  const helper =
    /[ ,]([\w$]+)=\(([\w$]+),([\w$]+)\)=>\{for\(var ([\w$]+) in \3\)[\w$]+\(\2,\4,\{get:\3\[\4\],enumerable:!0\}\)\}/;
  const name = helper.exec(code)?.[1];
  if (name === undefined) return code;
  const member = /("[^"\\]+"|[\w$]+):\(\)=>([\w$]+)/;
  const call = `var ([\\w$]+)=\\{\\};${name.replaceAll('$', '\\$')}\\(\\1,\\{((?:${member.source},?)+)\\}\\)`;
  return code.replace(new RegExp(call, 'g'), (_call, namespace: string, members: string) => {
    const getters = members.replace(new RegExp(member, 'g'), (_member, key, value) => `get ${key}(){return ${value}}`);
    return `var ${namespace}={${getters}}`;
  });
}
