package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
)

var openAPI = flag.String("openapi", "", "write testdata/job.json from api/openapi-spec/swagger.json of k8s.io/kubernetes")

// strictSchema returns a definition of Kubernetes's OpenAPI document as a JSON schema that accepts no unknown names.
func strictSchema(node any) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = strictSchema(node[i])
		}
	case map[string]any:
		if node["format"] == "int-or-string" {
			return map[string]any{"type": []any{"integer", "string"}}
		}
		schema := map[string]any{}
		for key, value := range node {
			switch {
			case key == "properties":
				properties := map[string]any{}
				for name, property := range value.(map[string]any) {
					properties[name] = strictSchema(property)
				}
				schema[key] = properties
			case key != "description" && key != "default" && !strings.HasPrefix(key, "x-"):
				schema[key] = strictSchema(value)
			}
		}
		if schema["properties"] != nil && schema["additionalProperties"] == nil {
			schema["additionalProperties"] = false
		}
		return schema
	}
	return node
}

// standalone returns the schema of a kind with all the definitions that it refers to.
func standalone(t *testing.T, swagger []byte, root, apiVersion, kind string) []byte {
	t.Helper()
	var document struct {
		Info        struct{ Version string }
		Definitions map[string]any
	}
	if err := json.Unmarshal(swagger, &document); err != nil {
		t.Fatal(err)
	}
	definitions := map[string]any{}
	var include func(name string)
	var refs func(node any)
	include = func(name string) {
		if definitions[name] == nil {
			definitions[name] = strictSchema(document.Definitions[name])
			refs(definitions[name])
		}
	}
	refs = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, n := range node {
				refs(n)
			}
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok {
				include(strings.TrimPrefix(ref, "#/definitions/"))
			}
			for _, n := range node {
				refs(n)
			}
		}
	}
	// A quantity is a string for the document, but its decoder also accepts a number.
	definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = map[string]any{"type": []any{"string", "number"}}
	include(root)
	schema := definitions[root].(map[string]any)
	delete(definitions, root)
	properties := schema["properties"].(map[string]any)
	properties["apiVersion"] = map[string]any{"type": "string", "enum": []any{apiVersion}}
	properties["kind"] = map[string]any{"type": "string", "enum": []any{kind}}
	schema["required"] = []any{"apiVersion", "kind", "metadata", "spec"}
	schema["definitions"] = definitions
	schema["$comment"] = "Made by TestSchema from Kubernetes " + document.Info.Version + ". Copyright The Kubernetes Authors, Apache-2.0."
	text, err := json.MarshalIndent(schema, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// conform returns what kubeconform finds in a file of deploy/, with no schemas but those of testdata.
func conform(t *testing.T, name string, text []byte) []string {
	t.Helper()
	v, err := validator.New([]string{filepath.Join("testdata", "{{.ResourceKind}}.json")}, validator.Opts{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	results := v.Validate(name, io.NopCloser(bytes.NewReader(text)))
	for _, r := range results {
		if r.Status != validator.Valid {
			kind := "no kind"
			if sig, err := r.Resource.Signature(); err == nil {
				kind = sig.Kind + " " + sig.Name
			}
			found = append(found, name+": "+kind+": "+r.Err.Error())
		}
	}
	if len(results) == 0 {
		found = append(found, name+": no resource")
	}
	return found
}

func TestSchema(t *testing.T) {
	if *openAPI != "" {
		swagger, err := os.ReadFile(*openAPI)
		if err != nil {
			t.Fatal(err)
		}
		text := standalone(t, swagger, "io.k8s.api.batch.v1.Job", "batch/v1", "Job")
		if err := os.WriteFile(filepath.Join("testdata", "job.json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	deploy := filepath.Join("..", "..", "deploy")
	for _, test := range []struct{ file, old, new, want string }{
		{"kubernetes.yaml", "restartPolicy: Never", "restartPolicies: Never", "restartPolicies"},
		{"kubernetes.yaml", "backoffLimit: 6", "backoffLimit: six", "backoffLimit"},
		{"kubernetes.yaml", "key: database-name", "optional: false", "missing property 'key'"},
		{"kubernetes.yaml", "batch/v1", "batch/v2", "apiVersion"},
		{"kubernetes.yaml", "kind: Job", "kind: Secret", "could not find schema"},
		{"openshift.yaml", "required: true", "requires: true", "requires"},
		{"openshift.yaml", "parameters:", "parameter:", "parameter"},
		{"openshift.yaml", "value: ibutsu-schema", "value: 1", "value"},
		{"openshift.yaml", "objects:", "labels2:", "missing property 'objects'"},
	} {
		text := string(read(t, deploy, test.file))
		if found := conform(t, test.file, []byte(text)); len(found) > 0 {
			t.Errorf("%v", found)
		}
		changed := strings.Replace(text, test.old, test.new, 1)
		if changed == text {
			t.Fatalf("%s doesn't contain %s", test.file, test.old)
		}
		if found := strings.Join(conform(t, test.file, []byte(changed)), "\n"); !strings.Contains(found, test.want) {
			t.Errorf("%s with %s: found %q, want %s", test.file, test.new, found, test.want)
		}
	}
}
