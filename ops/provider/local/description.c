/* SPDX-License-Identifier: Apache-2.0 */
/* instance.json. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/provider/local/instance.h"
#include "ops/state/state.h"
#include "ops/vm/launch.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

void instance_fini(struct instance *instance)
{
    free(instance->name);
    free(instance->folder);
    free(instance->image);
    launch_fini(&instance->launch);
    *instance = (struct instance){ .name = NULL };
}

char *instance_file(const struct instance *instance, const char *name)
{
    return xasprintf("%s/%s", instance->folder, name);
}

static int number_get(int64_t *number, const json_t *json, const char *key, struct err *err)
{
    const json_t *value = json_object_get(json, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return err_set(err, "\"%s\": not a time", key);
    *number = json_integer_value(value);
    return 0;
}

static int description_parse(struct instance *instance, const json_t *json, struct err *err)
{
    const char *image = json_string_value(json_object_get(json, "image"));

    if (!image)
        return err_set(err, "\"image\": not a text");
    instance->image = xstrdup(image);
    if (number_get(&instance->created_s, json, "created", err) < 0 ||
        number_get(&instance->started_s, json, "started", err) < 0)
        return -1;
    return launch_parse(&instance->launch, json_object_get(json, "launch"), err);
}

int instance_read(struct instance *instance, const char *name, struct err *err)
{
    json_error_t error;
    json_t *json;
    char *path;
    int status;

    *instance = (struct instance){ .name = xstrdup(name) };
    if (state_name_check("instance", name, err) < 0)
        return -1;
    instance->folder = state_path(STATE_INSTANCES, name, "");
    if (access(instance->folder, F_OK) < 0) {
        return err_set(err,
                       "there is no instance '%s'\nhint: `ops instance list` shows those there "
                       "are",
                       name);
    }
    path = instance_file(instance, "instance.json");
    json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        status = err_set(err, "%s:%d: %s", path, error.line, error.text);
    } else {
        status = description_parse(instance, json, err);
        if (status < 0)
            (void)err_prefix(err, "%s", path);
    }
    json_decref(json);
    free(path);
    return status;
}

int instance_write(const struct instance *instance, struct err *err)
{
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:o}", "image", instance->image, "created",
                  (json_int_t)instance->created_s, "started", (json_int_t)instance->started_s,
                  "launch", launch_json(&instance->launch));
    char *text = json ? json_dumps(json, JSON_INDENT(4)) : NULL;
    char *path = instance_file(instance, "instance.json");
    int status;

    if (text) {
        status = state_write(path, text, err);
    } else {
        status = err_set(err, "an argument, a variable or a path of it is not UTF-8");
    }
    free(path);
    free(text);
    json_decref(json);
    return status;
}
