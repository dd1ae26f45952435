package contract

import (
	"maps"
	"slices"
	"strings"
)

const definitions = "#/definitions/"

// upgrade makes a description of OpenAPI 3 of one of Swagger 2, as far as it is
// checked here: paths, parameters, bodies.
func upgrade(old map[string]any) map[string]any {
	known, _ := old["definitions"].(map[string]any)
	u := upgrader{known}
	schemas := map[string]any{}
	for name, s := range known {
		schemas[name] = u.schema(s)
	}
	paths := map[string]any{}
	for path, item := range object(old["paths"]) {
		ops := map[string]any{}
		for method, op := range object(item) {
			if method == "parameters" {
				continue
			}
			ops[method] = u.operation(object(op), list(object(item)["parameters"]))
		}
		paths[strings.TrimSuffix(text(old["basePath"]), "/")+template(path)] = ops
	}
	return map[string]any{
		"openapi": "3.0.3", "info": map[string]any{"title": "upgraded", "version": "1"},
		"paths": paths, "components": map[string]any{"schemas": schemas},
	}
}

type upgrader struct{ known map[string]any }

// template writes Grape's *path as {path}.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "*"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func (u upgrader) operation(op map[string]any, shared []any) map[string]any {
	out := map[string]any{}
	var parameters []any
	form := map[string]any{}
	for _, p := range slices.Concat(shared, list(op["parameters"])) {
		p := object(p)
		switch p["in"] {
		case "body":
			out["requestBody"] = map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": u.schema(p["schema"])}}}
		case "formData":
			form[text(p["name"])] = u.schema(pick(p, "type", "format", "items", "enum"))
		default:
			parameters = append(parameters, map[string]any{
				"name": p["name"], "in": p["in"], "required": p["in"] == "path" || p["required"] == true,
				"schema": u.schema(pick(p, "type", "format", "items", "enum", "minimum", "maximum")),
			})
		}
	}
	if len(form) > 0 {
		s := map[string]any{"type": "object", "properties": form}
		out["requestBody"] = map[string]any{"content": map[string]any{
			"application/x-www-form-urlencoded": map[string]any{"schema": s}, "application/json": map[string]any{"schema": s},
		}}
	}
	out["parameters"] = parameters
	responses := map[string]any{}
	for status, r := range object(op["responses"]) {
		answer := map[string]any{"description": text(object(r)["description"])}
		if s := object(r)["schema"]; s != nil {
			answer["content"] = map[string]any{"*/*": map[string]any{"schema": u.schema(s)}}
		} else {
			answer["content"] = map[string]any{"*/*": map[string]any{}}
		}
		responses[status] = answer
	}
	out["responses"] = responses
	return out
}

// schema copies a schema with references to where OpenAPI 3 has them. What the
// description does not define may be anything.
func (u upgrader) schema(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = u.schema(item)
		}
		return out
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, definitions)
			if _, ok := u.known[name]; !ok {
				return map[string]any{}
			}
			return map[string]any{"$ref": "#/components/schemas/" + name}
		}
		switch v["format"] {
		case "int64", "uint64": // gRPC's gateways write them as text, Go's JSON as numbers
			if v["type"] == "string" {
				return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}}}
			}
		}
		switch v["type"] {
		case "file", "json", "hash", "symbol":
			return map[string]any{}
		}
		out := map[string]any{}
		for k, item := range v {
			switch k {
			case "example", "default", "discriminator", "xml", "externalDocs":
			default:
				out[k] = u.schema(item)
			}
		}
		return out
	}
	return v
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }
func list(v any) []any            { l, _ := v.([]any); return l }
func text(v any) string           { s, _ := v.(string); return s }

func pick(m map[string]any, keys ...string) map[string]any {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(k string, _ any) bool { return !slices.Contains(keys, k) })
	return out
}
