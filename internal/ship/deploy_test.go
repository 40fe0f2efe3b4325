package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// applies runs a program of the image in the environment of a deployment, in which {host} and so on are the
// database's. It must migrate the database.
func applies(t *testing.T, env []string, args []string) {
	t.Helper()
	db := newDatabase(t)
	values := strings.NewReplacer("{host}", db.host, "{name}", db.name, "{user}", db.user, "{password}", db.password)
	c := container{user: users()[0], root: extracted(t), env: []string{"POSTGRESQL_PORT=" + db.port}}
	for _, e := range env {
		c.env = append(c.env, values.Replace(e))
	}
	if out, errs, code := c.run(t, append([]string{installed}, args...)...); code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	if got := db.head(t); got != "c4d5e6f7a8b9" {
		t.Errorf("the database is at %s", got)
	}
}

// secret is Ibutsu's secret postgresql.
var secret = map[string]string{"database-name": "{name}", "database-user": "{user}", "database-password": "{password}"}

// checkJob checks a Job beyond its form, and does what it does.
func checkJob(t *testing.T, job batchv1.Job, host string) {
	t.Helper()
	pod := job.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || pod.RestartPolicy != corev1.RestartPolicyNever || len(pod.Containers) != 1 {
		t.Fatalf("the Job is %+v", job)
	}
	for _, name := range []string{strings.TrimSuffix(job.GenerateName, "-"), job.Name, pod.Containers[0].Name} {
		if errs := validation.IsDNS1123Label(name); name != "" && len(errs) > 0 {
			t.Errorf("the name %s: %v", name, errs)
		}
	}
	c := pod.Containers[0]
	restricted := c.SecurityContext != nil && *c.SecurityContext.ReadOnlyRootFilesystem && !*c.SecurityContext.AllowPrivilegeEscalation &&
		*pod.SecurityContext.RunAsNonRoot && c.SecurityContext.Capabilities.Drop[0] == "ALL" && pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault
	if !restricted || pod.SecurityContext.RunAsUser != nil {
		t.Errorf("it isn't as the restricted standard says, or names a user: %+v, %+v", pod.SecurityContext, c.SecurityContext)
	}
	var env []string
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil {
			if e.ValueFrom.SecretKeyRef.Name != "postgresql" {
				t.Errorf("%s is from %+v", e.Name, e.ValueFrom)
			}
			value = secret[e.ValueFrom.SecretKeyRef.Key]
		}
		if value == "" {
			t.Errorf("%s has no value", e.Name)
		}
		if value == host {
			value = "{host}"
		}
		env = append(env, e.Name+"="+value)
	}
	applies(t, env, c.Args)
}

// decode decodes YAML that conforms to its schema.
func decode(t *testing.T, name string, text []byte, into any) {
	t.Helper()
	for _, found := range conform(t, name, text) {
		t.Error(found)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestKubernetes(t *testing.T) {
	text := read(t, filepath.Join("..", "..", "deploy"), "kubernetes.yaml")
	var job batchv1.Job
	decode(t, "kubernetes.yaml", text, &job)
	checkJob(t, job, "postgresql")

	// The annotations for Helm are in a comment.
	hook := regexp.MustCompile(`(?m)^  # (annotations:|  helm\.sh/.*)$`).ReplaceAll(text, []byte("  $1"))
	var hooked batchv1.Job
	decode(t, "kubernetes.yaml for Helm", hook, &hooked)
	if len(hooked.Annotations) != 3 || hooked.Annotations["helm.sh/hook"] != "pre-install,pre-upgrade" {
		t.Errorf("with the comment, the annotations are %v", hooked.Annotations)
	}
}

// template is a Template of OpenShift: its API isn't published as a module of its own.
type template struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Labels     map[string]string `json:"labels"`
	Parameters []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Value       string `json:"value"`
		Required    bool   `json:"required"`
	} `json:"parameters"`
	Objects []json.RawMessage `json:"objects"`
}

func TestOpenShift(t *testing.T) {
	var x template
	decode(t, "openshift.yaml", read(t, filepath.Join("..", "..", "deploy"), "openshift.yaml"), &x)
	if x.APIVersion != "template.openshift.io/v1" || x.Kind != "Template" || len(x.Objects) != 1 {
		t.Fatalf("the template is %+v", x)
	}
	pairs := []string{}
	for _, p := range x.Parameters {
		value := p.Value
		if value == "" {
			value = "1.2.3" // of VERSION, which must be given
		}
		pairs = append(pairs, "${"+p.Name+"}", value)
	}
	text := strings.NewReplacer(pairs...).Replace(string(x.Objects[0]))
	if strings.Contains(text, "${") {
		t.Errorf("a parameter isn't declared: %s", text)
	}
	var job batchv1.Job
	decode(t, "objects[0] of openshift.yaml", []byte(text), &job)
	if got := job.Spec.Template.Spec.Containers[0].Image; got != "ibutsu-schema:1.2.3" {
		t.Errorf("the image is %s", got)
	}
	checkJob(t, job, "postgresql")
}

func TestCompose(t *testing.T) {
	dir := filepath.Join("..", "..", "deploy")
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: read(t, dir, "compose.yaml")}},
		Environment: types.Mapping{"POSTGRES_PASSWORD": "{password}"},
	}, func(o *loader.Options) { o.SetProjectName("ibutsu", true) })
	if err != nil {
		t.Fatal(err)
	}
	s := project.Services["migrate"]
	if !s.ReadOnly || s.DependsOn["db"].Condition != types.ServiceConditionHealthy ||
		project.Services["backend"].DependsOn["migrate"].Condition != types.ServiceConditionCompletedSuccessfully {
		t.Errorf("the services are %+v", project.Services)
	}
	server := project.Services["db"].Environment
	var env []string
	for name, value := range s.Environment {
		switch {
		case name == "POSTGRESQL_HOST" && *value == "db":
			env = append(env, name+"={host}")
		case name == "POSTGRESQL_DATABASE" && *value == *server["POSTGRES_DB"]:
			env = append(env, name+"={name}")
		case name == "POSTGRESQL_USER" && *value == *server["POSTGRES_USER"]:
			env = append(env, name+"={user}")
		case name == "POSTGRESQL_PASSWORD" && *value == *server["POSTGRES_PASSWORD"]:
			env = append(env, name+"="+*value)
		default:
			t.Errorf("%s=%s isn't the server's", name, *value)
		}
	}
	applies(t, env, s.Command)
}

// The commands of the workflow work with the binary of a release.
func TestGitHub(t *testing.T) {
	text := string(read(t, filepath.Join("..", "..", "deploy"), "github.yaml"))
	dir := t.TempDir()
	shell(t, dir, "mkdir release && cp "+first(t).dir+"/*_linux_amd64.tar.gz release")
	db := newDatabase(t)
	ran := 0
	for _, line := range regexp.MustCompile(`(?m)(?:^ +|run: )(tar .*|\./ibutsu-schema .*)$`).FindAllStringSubmatch(text, -1) {
		ran++
		shell(t, dir, "export DATABASE_URL='"+db.URL+"'; "+line[1])
	}
	if ran != 5 {
		t.Errorf("the workflow has %d such commands", ran)
	}
	if got := db.head(t); got != "c4d5e6f7a8b9" {
		t.Errorf("the database is at %s", got)
	}
	if script := string(read(t, dir, "up.sql")); !strings.Contains(script, "CREATE TABLE") {
		t.Errorf("the script is %s", script)
	}
}
